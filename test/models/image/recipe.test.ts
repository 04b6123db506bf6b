import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { DatasetRef, DatasetRow } from '../../../data/catalogue.ts';
import { random } from '../../../data/random.ts';
import { writeRows } from '../../../data/read.ts';
import { TYPE_CODES, type TypeCode } from '../../../data/type-codes.ts';
import { openFeatures } from '../../../models/image/features.ts';
import { saveVgg16Encoder } from '../../../models/image/vgg16/encoder-file.ts';
import { vgg16 } from '../../../models/image/vgg16/recipe.ts';
import type { FeatureShard, JobContext, JobProgress, TrainImageInput } from '../../../models/runtime/jobs.ts';
import { createMlProcess } from '../../../models/runtime/process.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { weightedDataset } from '../weighted-dataset.ts';
import { slimVgg16 } from './slim-vgg16.ts';

const CODES = TYPE_CODES.slice(0, 6);
const parameters = vgg16.parameters({ size: 64, hidden: 16, batchSize: 8, epochs: 4, learningRate: 0.03 });

describe('the VGG16 recipe', function () {
  this.timeout(60_000);
  let folder: string;
  let dataset: DatasetRef;
  let shards: readonly FeatureShard[];
  let encoder: { file: string; sha256: string; source: string };
  let undisturbed: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vgg16-'));
    await mkdir(join(folder, 'images'));
    const train = await rows('train', 10);
    const validation = await rows('validation', 3);
    const directory = join(folder, 'dataset');
    await writeRows(join(directory, 'train.ndjson'), train);
    await writeRows(join(directory, 'validation.ndjson'), validation);
    const none = { rows: 0, pictures: 0 };
    const counts = { train: none, validation: none, test: none };
    dataset = { version: 'one', directory, catalogueDirectory: folder, counts };

    encoder = await saveVgg16Encoder(slimVgg16(16), join(folder, 'encoders'), 'random');
    const pictures = [...train, ...validation].flatMap(({ picture }) => picture ?? []);
    const shard = { file: join(folder, 'shard.safetensors'), pictures };
    await vgg16.computeFeatures(
      { family: 'lstm-vgg16', parameters, encoder, picturesDirectory: folder, shard },
      context(),
    );
    shards = [shard];
    undisturbed = join(folder, 'undisturbed');
    await vgg16.train(input(undisturbed), context());
  });
  after(() => rm(folder, { recursive: true }));

  /** Each code has a colour of its own, blurred by chance; every code also has a row without a picture. */
  async function rows(part: string, each: number): Promise<DatasetRow[]> {
    const result: DatasetRow[] = [];
    for (const [index, code] of CODES.entries()) {
      for (let number = 0; number < each; number++) {
        const next = random(5, part, code, number);
        const channel = (bit: number) => Math.round((index & bit ? 190 : 30) + next() * 50);
        const background = { r: channel(1), g: channel(2), b: channel(4) };
        const bytes = await sharp({ create: { width: 50, height: 50, channels: 3, background } })
          .png()
          .toBuffer();
        const file = `images/${part}-${code}-${number}.png`;
        await writeFile(join(folder, file), bytes);
        result.push(row(code, { file, sha256: createHash('sha256').update(bytes).digest('hex') }));
      }
      result.push(row(code, null));
    }
    return result;
  }
  const row = (code: TypeCode, picture: DatasetRow['picture']): DatasetRow => ({
    row: '1',
    designation: 'x',
    description: '',
    productId: '1',
    imageId: '1',
    code,
    picture,
  });

  const input = (directory: string): TrainImageInput => ({
    family: 'lstm-vgg16',
    dataset,
    seed: 42,
    parameters,
    shards,
    directory,
  });
  async function assertSameModel(directory: string): Promise<void> {
    for (const file of ['head.safetensors', 'image.json']) {
      const [expected, found] = await Promise.all(
        [undisturbed, directory].map((place) => readFile(join(place, 'model', file))),
      );
      assert.ok(expected!.equals(found!), `${file} differs`);
    }
  }

  const weighted = (part: 'train' | 'validation') =>
    weightedDataset(dataset, part, join(folder, `weighted-${part}`));

  describe('training', () => {
    it('learns what pictures say about codes, from the rows that have one', async () => {
      const { epochs, bestEpoch, rows: counted } = await vgg16.train(input(undisturbed), context());
      assert.deepEqual(counted, { train: 60, validation: 18 });
      assert.ok(
        epochs[bestEpoch - 1]!.validationAccuracy > 0.8,
        `accuracy ${epochs[bestEpoch - 1]!.validationAccuracy}`,
      );
    });

    it('leaves a model and learning curves', async () => {
      assert.deepEqual((await readdir(join(undisturbed, 'model'))).sort(), [
        'head.safetensors',
        'image.json',
      ]);
      assert.deepEqual((await readdir(join(undisturbed, 'tensorboard'))).sort(), ['train', 'validation']);
    });

    it('learns more from rows that count more, and judges all alike', async () => {
      const trainOn = async (part: 'train' | 'validation') => {
        const directory = join(folder, `of-weighted-${part}`);
        await vgg16.train({ ...input(directory), dataset: await weighted(part) }, context());
        return assertSameModel(directory);
      };
      await assert.rejects(trainOn('train'), /safetensors differs/);
      await trainOn('validation');
    });

    it('gives the same bytes for the same seed, and others for another', async () => {
      await vgg16.train(input(join(folder, 'again')), context());
      await assertSameModel(join(folder, 'again'));
      await vgg16.train({ ...input(join(folder, 'other')), seed: 43 }, context());
      await assert.rejects(assertSameModel(join(folder, 'other')), /head\.safetensors differs/);
    });

    it('stopped in epoch 3, does not do epochs 1 and 2 again and ends with the same bytes', async () => {
      const directory = join(folder, 'stopped');
      const controller = new AbortController();
      const progress = ({ fraction }: JobProgress) =>
        fraction > 0.6 && controller.abort(new Error('stopped'));
      const stopping = context({ signal: controller.signal, progress });
      await assert.rejects(vgg16.train(input(directory), stopping), /stopped/);
      const before = ['start 1', 'end 1', 'start 2', 'end 2', 'start 3'];
      assert.deepEqual(await record(directory), before);
      await vgg16.train(input(directory), context());
      assert.deepEqual(await record(directory), [...before, 'start 3', 'end 3', 'start 4', 'end 4']);
      await assertSameModel(directory);
    });

    it('killed in epoch 3 by SIGKILL, goes on in a new process and ends with the same bytes', async () => {
      const directory = join(folder, 'killed');
      const ml = createMlProcess({ threads: 1 });
      try {
        const killed = ml.run('trainImage', input(directory), {
          onProgress: ({ fraction }) => fraction > 0.5 && process.kill(ml.pid!, 'SIGKILL'),
        });
        await assert.rejects(killed, { code: 'ML_PROCESS_DIED', retryable: true });
        assert.ok((await record(directory)).includes('end 2'));
        await ml.run('trainImage', input(directory));
      } finally {
        await ml.close();
      }
      const finished = (await record(directory)).filter((line) => line.startsWith('end'));
      assert.deepEqual(finished, ['end 1', 'end 2', 'end 3', 'end 4']);
      await assertSameModel(directory);
    });

    it('keeps no tensor but what TensorBoard writers hold', async () => {
      const tf = await tensorflow();
      const before = tf.memory().numTensors;
      await vgg16.train(input(join(folder, 'memory')), context());
      assert.ok(tf.memory().numTensors - before <= 10);
    });

    it('refuses a dataset in which no row has a picture', async () => {
      const directory = join(folder, 'blind');
      await writeRows(join(directory, 'train.ndjson'), [row(10, null)]);
      await writeRows(join(directory, 'validation.ndjson'), [row(10, null)]);
      const blind = { ...input(join(folder, 'none')), dataset: { ...dataset, directory } };
      await assert.rejects(vgg16.train(blind, context()), { code: 'DATASET_WITHOUT_PICTURES' });
    });
  });

  describe('parameters', () => {
    it('have the defaults of the original', () => {
      const { size, hidden, batchSize, patience, learningRate } = vgg16.parameters({});
      assert.deepEqual([size, hidden, batchSize, patience, learningRate], [224, 256, 32, 3, 0.001]);
    });
    it('are refused out of range, all at once', () => {
      assert.throws(
        () => vgg16.parameters({ size: 100, hidden: 0, colour: 'blue' }),
        (error: { code: string; message: string }) =>
          error.code === 'PARAMETER_INVALID' &&
          /size: must be a multiple of 32/.test(error.message) &&
          /hidden/.test(error.message) &&
          /colour/.test(error.message),
      );
    });
  });

  describe('a finished model', () => {
    it('answers from a picture as from its features, each row summing to 1', async () => {
      const model = await vgg16.load(join(undisturbed, 'model'), encoder.file);
      const { pictures } = shards[0]!;
      const files = await Promise.all(pictures.map(({ file }) => readFile(join(folder, file))));
      const pixels = await Promise.all(files.map((bytes) => model.prepare(bytes)));
      const encoded = await model.encode(pixels);
      const features = await openFeatures(shards);
      assert.deepEqual(encoded, await features.read(pictures.map(({ sha256 }) => sha256)));
      await features.close();
      const probabilities = await model.classify(encoded, pictures.length);
      for (let at = 0; at < pictures.length; at++) {
        const sum = probabilities.subarray(at * 27, (at + 1) * 27).reduce((total, value) => total + value, 0);
        assert.ok(Math.abs(sum - 1) < 1e-5);
      }
      const alone = await model.classify(encoded.slice(0, model.featureSize), 1);
      alone.forEach((value, at) => {
        assert.ok(Math.abs(value - probabilities[at]!) < 1e-6);
      });
      assert.equal((await model.classify(new Float32Array(0), 0)).length, 0);
      model.dispose();
    });

    it('has the accuracy that training reported for its best epoch', async () => {
      const { epochs, bestEpoch } = await vgg16.train(input(undisturbed), context());
      const model = await vgg16.load(join(undisturbed, 'model'), null);
      const validation = shards[0]!.pictures.slice(60);
      const features = await openFeatures(shards);
      const found = await model.classify(await features.read(validation.map(({ sha256 }) => sha256)), 18);
      const right = validation.filter(({ file }, at) => {
        const scores = found.subarray(at * 27, (at + 1) * 27);
        const code = TYPE_CODES[scores.indexOf(Math.max(...scores))];
        return file.startsWith(`images/validation-${code}-`);
      });
      assert.equal(right.length / 18, epochs[bestEpoch - 1]!.validationAccuracy);
      await features.close();
      model.dispose();
    });

    it('keeps no tensor of a prediction, and none when disposed of', async () => {
      const tf = await tensorflow();
      const before = tf.memory().numTensors;
      const model = await vgg16.load(join(undisturbed, 'model'), encoder.file);
      const loaded = tf.memory().numTensors;
      const pixels = new Float32Array(64 * 64 * 3);
      await model.classify(await model.encode([pixels, pixels]), 2);
      assert.equal(tf.memory().numTensors, loaded);
      model.dispose();
      assert.equal(tf.memory().numTensors, before);
    });

    it('is refused when a file is damaged or the encoder is another', async () => {
      const slimmer = await saveVgg16Encoder(slimVgg16(4), join(folder, 'encoders'), 'random');
      await assert.rejects(vgg16.load(join(undisturbed, 'model'), slimmer.file), {
        code: 'ENCODER_MISMATCH',
      });
      const damage: Array<[string, (content: string) => string]> = [
        ['image.json', (text) => text.slice(0, 30)],
        ['image.json', (text) => text.replace('"standardise": true', '"standardise": false')],
        ['head.safetensors', (text) => text.slice(0, -4)],
        ['head.safetensors', (text) => text.replace('output/bias', 'output/bios')],
      ];
      for (const [number, [file, change]] of damage.entries()) {
        const directory = join(folder, `damaged-${number}`);
        await cp(join(undisturbed, 'model'), directory, { recursive: true });
        const content = await readFile(join(directory, file), 'latin1');
        assert.notEqual(change(content), content);
        await writeFile(join(directory, file), change(content), 'latin1');
        await assert.rejects(vgg16.load(directory, null), { code: 'MODEL_FILE_CORRUPT' });
      }
    });
  });
});

function context(parts: Partial<JobContext> = {}): JobContext {
  return { signal: new AbortController().signal, progress() {}, ...parts };
}

/** The lines of epochs.jsonl, in words. */
async function record(directory: string): Promise<string[]> {
  const lines = (await readFile(join(directory, 'epochs.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const { event, epoch } = JSON.parse(line);
    return `${event} ${epoch}`;
  });
}
