import { strict as assert } from 'node:assert';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../../data/catalogue.ts';
import { random, shuffled } from '../../../data/random.ts';
import { writeRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { JobContext, JobProgress, TrainTextInput } from '../../../models/runtime/jobs.ts';
import { createMlProcess } from '../../../models/runtime/process.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { PLAIN_LSTM } from '../../../models/text/lstm/parameters.ts';
import { lstm } from '../../../models/text/lstm/recipe.ts';
import { weightedDataset } from '../weighted-dataset.ts';

const PARAMETERS = {
  words: 300,
  subwords: 200,
  embedding: 16,
  units: 16,
  length: 8,
  batchSize: 8,
  epochs: 4,
  learningRate: 0.01,
};

describe('the LSTM recipe', function () {
  this.timeout(60_000);
  let folder: string;
  let dataset: DatasetRef;
  let undisturbed: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lstm-'));
    dataset = await makeDataset(join(folder, 'dataset'));
    undisturbed = join(folder, 'undisturbed');
    await lstm.train(input(undisturbed), context());
  });
  after(() => rm(folder, { recursive: true }));

  const input = (directory: string): TrainTextInput => ({
    encoder: null,
    featuresDirectory: folder,
    family: 'lstm-vgg16',
    dataset,
    seed: 42,
    parameters: PARAMETERS,
    directory,
  });

  async function assertSameModel(directory: string): Promise<void> {
    for (const file of ['weights.safetensors', 'tokenizer_config.json', 'text.json']) {
      const [expected, found] = await Promise.all(
        [undisturbed, directory].map((place) => readFile(join(place, 'model', file))),
      );
      assert.ok(expected!.equals(found!), `${file} differs`);
    }
  }

  const weighted = (part: 'train' | 'validation') =>
    weightedDataset(dataset, part, join(folder, `weighted-${part}`));

  describe('training', () => {
    it('learns what words say about codes', async () => {
      const { epochs, bestEpoch, rows, parameters } = await lstm.train(input(undisturbed), context());
      const best = epochs[bestEpoch - 1]!;
      assert.ok(best.validationAccuracy > 0.8, `accuracy ${best.validationAccuracy}`);
      assert.ok(best.validationLoss < epochs[0]!.validationLoss);
      assert.deepEqual(rows, { train: 270, validation: 54 });
      assert.equal(parameters.patience, 5);
    });

    it('leaves a model, learning curves and a record of its epochs', async () => {
      assert.deepEqual((await readdir(join(undisturbed, 'model'))).sort(), [
        'text.json',
        'tokenizer_config.json',
        'weights.safetensors',
      ]);
      assert.deepEqual((await readdir(join(undisturbed, 'tensorboard'))).sort(), ['train', 'validation']);
      assert.deepEqual(
        await record(undisturbed),
        [1, 2, 3, 4].flatMap((epoch) => [`start ${epoch}`, `end ${epoch}`]),
      );
    });

    it('tells how far it is, with the metrics of each finished epoch', async () => {
      const reports: JobProgress[] = [];
      await lstm.train(
        input(join(folder, 'reported')),
        context({ progress: (report) => reports.push(report) }),
      );
      const fractions = reports.map(({ fraction }) => fraction);
      assert.deepEqual(
        fractions,
        [...fractions].sort((a, b) => a - b),
      );
      assert.equal(fractions.at(-1), 1);
      assert.deepEqual(
        reports.filter(({ metrics }) => metrics).map(({ epoch }) => epoch),
        [1, 2, 3, 4],
      );
    });

    it('learns more from rows that count more, and judges all alike', async () => {
      const trainOn = async (part: 'train' | 'validation') => {
        const directory = join(folder, `of-weighted-${part}`);
        await lstm.train({ ...input(directory), dataset: await weighted(part) }, context());
        return assertSameModel(directory);
      };
      await assert.rejects(trainOn('train'), /safetensors differs/);
      await trainOn('validation');
    });

    it('gives the same bytes for the same seed, and others for another', async () => {
      const directory = join(folder, 'again');
      await lstm.train(input(directory), context());
      await assertSameModel(directory);
      const other = join(folder, 'other');
      await lstm.train({ ...input(other), seed: 43 }, context());
      await assert.rejects(assertSameModel(other), /weights\.safetensors differs/);
    });

    it('stopped in epoch 3, does not do epochs 1 and 2 again and ends with the same bytes', async () => {
      const directory = join(folder, 'stopped');
      const controller = new AbortController();
      const reason = new Error('cancelled by a person');
      const stopping = context({
        signal: controller.signal,
        progress: ({ fraction }) => fraction > 0.6 && controller.abort(reason),
      });
      await assert.rejects(lstm.train(input(directory), stopping), (error) => error === reason);
      assert.deepEqual(await record(directory), ['start 1', 'end 1', 'start 2', 'end 2', 'start 3']);
      await lstm.train(input(directory), context());
      assert.deepEqual((await record(directory)).slice(5), ['start 3', 'end 3', 'start 4', 'end 4']);
      await assertSameModel(directory);
    });

    it('killed in epoch 3 by SIGKILL, goes on in a new process and ends with the same bytes', async () => {
      const directory = join(folder, 'killed');
      const ml = createMlProcess({ threads: 1 });
      try {
        const killed = ml.run('trainText', input(directory), {
          onProgress: ({ fraction }) => fraction > 0.5 && process.kill(ml.pid!, 'SIGKILL'),
        });
        await assert.rejects(killed, { code: 'ML_PROCESS_DIED', retryable: true });
        const before = await record(directory);
        await ml.run('trainText', input(directory));
        const finished = (await record(directory)).filter((line) => line.startsWith('end'));
        assert.deepEqual(finished, ['end 1', 'end 2', 'end 3', 'end 4'], `before the kill: ${before}`);
        assert.ok(before.includes('end 2'));
      } finally {
        await ml.close();
      }
      await assertSameModel(directory);
    });

    it('keeps no tensor but what TensorBoard writers hold', async () => {
      const tf = await tensorflow();
      const before = tf.memory().numTensors;
      await lstm.train(input(join(folder, 'memory')), context());
      assert.ok(tf.memory().numTensors - before <= 10);
    });

    it('refuses parameters out of range, all at once', () => {
      assert.throws(
        () => lstm.parameters({ units: 0, epochs: 'many', colour: 'blue' }),
        (error: { code: string; message: string }) =>
          error.code === 'PARAMETER_INVALID' &&
          /units/.test(error.message) &&
          /epochs/.test(error.message) &&
          /colour/.test(error.message),
      );
    });

    it('refuses a dataset in which no row has a text', async () => {
      const empty = await makeDataset(join(folder, 'empty'), () => '<br>');
      await assert.rejects(lstm.train({ ...input(join(folder, 'none')), dataset: empty }, context()), {
        code: 'DATASET_WITHOUT_TEXT',
      });
    });
  });

  describe('a finished model', () => {
    const products = TYPE_CODES.map((code) => ({ designation: words(code, 3), description: '' }));

    it('answers with probabilities, each row summing to 1', async () => {
      const model = await lstm.load(join(undisturbed, 'model'), null);
      const probabilities = await model.predict(products);
      const hits = products.filter((_product, row) => {
        const found = probabilities.subarray(row * 27, (row + 1) * 27);
        assert.ok(Math.abs(found.reduce((sum, value) => sum + value, 0) - 1) < 1e-5);
        return found.indexOf(Math.max(...found)) === row;
      });
      assert.ok(hits.length > 20, `${hits.length} of 27 right`);
      model.dispose();
    });

    it('answers one product as it answers many', async () => {
      const model = await lstm.load(join(undisturbed, 'model'), null);
      const together = await model.predict(products);
      for (const [row, product] of products.entries()) {
        (await model.predict([product])).forEach((value, at) => {
          assert.ok(Math.abs(value - together[row * 27 + at]!) < 1e-6);
        });
      }
      model.dispose();
    });

    it('answers an empty text with equal probabilities, without moving other rows', async () => {
      const model = await lstm.load(join(undisturbed, 'model'), null);
      const [first, last] = [products[0]!, products[1]!];
      const found = await model.predict([first, { designation: ' <p></p>', description: 'le la' }, last]);
      assert.deepEqual(found.slice(27, 54), new Float32Array(27).fill(1 / 27));
      const alone = await model.predict([first, last]);
      assert.deepEqual([...found.slice(0, 27), ...found.slice(54)], [...alone]);
      assert.equal((await model.predict([])).length, 0);
      model.dispose();
    });

    it('keeps no tensor of a prediction, and none when disposed of', async () => {
      const tf = await tensorflow();
      const before = tf.memory().numTensors;
      const model = await lstm.load(join(undisturbed, 'model'), null);
      await model.predict(products);
      const loaded = tf.memory().numTensors;
      for (let time = 0; time < 5; time++) await model.predict(products.slice(time));
      assert.equal(tf.memory().numTensors, loaded);
      model.dispose();
      assert.equal(tf.memory().numTensors, before);
    });

    it('of before the mending is what it was: parameters that its file does not name are the plain form', async () => {
      const directory = join(folder, 'plain');
      await lstm.train(
        { ...input(directory), parameters: { ...PARAMETERS, ...PLAIN_LSTM, padding: 'pre', epochs: 1 } },
        context(),
      );
      const file = join(directory, 'model', 'text.json');
      const predict = async () => {
        const model = await lstm.load(join(directory, 'model'), null);
        const probabilities = await model.predict(products);
        model.dispose();
        return probabilities;
      };
      const expected = await predict();
      const description = JSON.parse(await readFile(file, 'utf8'));
      for (const name of Object.keys(PLAIN_LSTM)) delete description.parameters[name];
      await writeFile(file, JSON.stringify(description));
      assert.deepEqual(await predict(), expected);
    });

    it('is refused when its files are damaged or of different models', async () => {
      const damage: Array<[string, (content: string) => string, string]> = [
        ['text.json', (text) => text.slice(0, 40), 'MODEL_FILE_CORRUPT'],
        ['text.json', (text) => text.replace('"units": 16', '"units": 17'), 'MODEL_FILES_MISMATCH'],
        [
          'tokenizer_config.json',
          (text) => text.replace('"num_words":300', '"num_words":301'),
          'MODEL_FILES_MISMATCH',
        ],
        ['tokenizer_config.json', () => '{}', 'TOKENIZER_INVALID'],
        ['weights.safetensors', (text) => text.slice(0, 100), 'MODEL_FILE_CORRUPT'],
      ];
      for (const [number, [file, change, code]] of damage.entries()) {
        const directory = join(folder, `damaged-${number}`);
        await mkdir(directory);
        for (const name of await readdir(join(undisturbed, 'model'))) {
          const content = await readFile(join(undisturbed, 'model', name), 'latin1');
          await writeFile(join(directory, name), name === file ? change(content) : content, 'latin1');
        }
        await assert.rejects(lstm.load(directory, null), { code }, `${file}: ${code}`);
      }
    });
  });
});

function context(parts: Partial<JobContext> = {}): JobContext {
  return { signal: new AbortController().signal, progress() {}, ...parts };
}

/** Three of the five words that only this code's products have, and two that any may have. */
function words(code: number, seed: number): string {
  const next = random(seed, 'words', code);
  const own = shuffled(['a', 'b', 'c', 'd', 'é'], next).slice(0, 3);
  const common = shuffled(['bleu', 'rouge', 'vert', 'grand', 'petit'], next).slice(0, 2);
  return shuffled([...own.map((letter) => `mot${code}${letter}`), ...common], next).join(' ');
}

async function makeDataset(directory: string, text = words): Promise<DatasetRef> {
  const rows = (each: number, from: number): DatasetRow[] =>
    Array.from({ length: each * TYPE_CODES.length }, (_, at) => {
      const code = TYPE_CODES[at % TYPE_CODES.length]!;
      const row = String(from + at);
      return {
        row,
        designation: text(code, from + at),
        description: '',
        productId: row,
        imageId: row,
        code,
        picture: null,
      };
    });
  await writeRows(join(directory, 'train.ndjson'), rows(10, 0));
  await writeRows(join(directory, 'validation.ndjson'), rows(2, 1_000));
  const none = { rows: 0, pictures: 0 };
  return {
    version: directory,
    directory,
    catalogueDirectory: '',
    counts: { train: none, validation: none, test: none },
  };
}

/** The lines of epochs.jsonl, in words. */
async function record(directory: string): Promise<string[]> {
  const lines = (await readFile(join(directory, 'epochs.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const { event, epoch } = JSON.parse(line);
    return `${event} ${epoch}`;
  });
}
