import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../../../data/catalogue.ts';
import { random } from '../../../../data/random.ts';
import { writeRows } from '../../../../data/read.ts';
import { TYPE_CODES, type TypeCode } from '../../../../data/type-codes.ts';
import { encodeHeader } from '../../../../models/encoders/feature-file.ts';
import { topClass } from '../../../../models/evaluation/rows.ts';
import { efficientnet } from '../../../../models/image/efficientnet/recipe.ts';
import { trainHead } from '../../../../models/image/efficientnet/train.ts';
import type { FeatureShard, JobContext } from '../../../../models/runtime/jobs.ts';
import { readSafetensors } from '../../../../models/runtime/safetensors.ts';

const CLASSES = TYPE_CODES.length;
const SIZE = 6;
const CODES = TYPE_CODES.slice(0, 3);
const EACH = { train: 10, validation: 4 };

describe('training the head on picture features', function () {
  this.timeout(30_000);
  let folder: string;
  let dataset: DatasetRef;
  let shards: readonly FeatureShard[];
  let rows: readonly DatasetRow[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'head-'));
    const [train, validation] = [makeRows('train'), makeRows('validation')];
    rows = [...train, ...validation];
    await writeRows(join(folder, 'train.ndjson'), train);
    await writeRows(join(folder, 'validation.ndjson'), validation);
    const count = (part: readonly DatasetRow[]) => ({
      rows: part.length,
      pictures: part.filter(({ picture }) => picture).length,
    });
    const counts = { train: count(train), validation: count(validation), test: count([]) };
    dataset = { version: 'one', directory: folder, catalogueDirectory: folder, counts };
    shards = [await writeShard('shard.safetensors', rows)];
  });
  after(() => rm(folder, { recursive: true }));

  /** The last row of each code has no picture. */
  function makeRows(part: keyof typeof EACH): DatasetRow[] {
    return CODES.flatMap((code, index) =>
      Array.from({ length: EACH[part] }, (_, number): DatasetRow => {
        const name = `${part}-${index}-${number}`;
        const picture = { file: `${name}.jpg`, sha256: name, bytes: 1 };
        return {
          ...{ row: name, designation: name, description: '', code: code as TypeCode },
          ...{ productId: name, imageId: name, picture: number === EACH[part] - 1 ? null : picture },
        } as DatasetRow;
      }),
    );
  }

  /** Each code has a feature of its own, and noise. */
  async function writeShard(name: string, of: readonly DatasetRow[]): Promise<FeatureShard> {
    const pictures = of.flatMap(({ picture }) => picture ?? []);
    const header = encodeHeader({
      ...{ encoder: 'e', featureSize: SIZE },
      items: pictures.map(({ sha256 }) => sha256),
    });
    const features = pictures.map(({ sha256 }) => {
      const next = random(1, sha256);
      const own = Number(sha256.split('-')[1]);
      return Array.from({ length: SIZE }, (_, at) => next() * 0.3 + (at === own ? 1 : 0));
    });
    const file = join(folder, name);
    const data = new Uint8Array(Float32Array.from(features.flat()).buffer);
    await writeFile(file, Buffer.concat([header, data]));
    return { file, pictures };
  }

  const context = (signal = new AbortController().signal): JobContext => ({ signal, progress() {} });
  const train = (name: string, threads: number, given = context()) =>
    trainHead(
      { family: 'f', dataset, seed: 1, parameters: {}, shards, directory: join(folder, name) },
      given,
      threads,
    );

  it('learns from training and validation rows, and the model knows both', async () => {
    const summary = await train('one', 2);
    assert.deepEqual(summary.rows, { train: 27, validation: 9 });
    const model = await efficientnet.load(join(folder, 'one', 'model'), null);
    assert.equal(model.featureSize, SIZE);
    const own = Float32Array.from([0, 1, 0, 0, 0, 0]);
    assert.equal(topClass(await model.classify(own, 1), 0), 1);
    model.dispose();
  });

  it('leaves out-of-fold probabilities of all rows, training rows first; uniform without a picture', async () => {
    const { probabilities } = await readSafetensors(join(folder, 'one', 'out-of-fold.safetensors'));
    assert.deepEqual(probabilities!.shape, [rows.length, CLASSES]);
    rows.forEach(({ picture, code }, row) => {
      const own = probabilities!.data.subarray(row * CLASSES, (row + 1) * CLASSES);
      if (picture) assert.equal(TYPE_CODES[topClass(own, 0)], code);
      else assert.deepEqual(own, new Float32Array(CLASSES).fill(1 / CLASSES));
    });
  });

  it('answers for a row without having seen its product under another row', async () => {
    // A picture unlike all others, sold twice: only the twin could tell its code.
    const picture = { file: 'odd.jpg', sha256: 'odd-5-0', bytes: 1 };
    const twins = ['one', 'two'].map((row) => ({ ...rows[0]!, row, picture, code: CODES[2]! }));
    const directory = join(folder, 'twins');
    await writeRows(join(directory, 'train.ndjson'), [...twins, ...rows]);
    await writeRows(join(directory, 'validation.ndjson'), []);
    const more = [...shards, await writeShard('odd.safetensors', twins.slice(0, 1))];
    await trainHead(
      {
        ...{ family: 'f', dataset: { ...dataset, directory }, seed: 1, parameters: {} },
        ...{ shards: more, directory },
      },
      context(),
    );
    const { probabilities } = await readSafetensors(join(directory, 'out-of-fold.safetensors'));
    const ofTwin = (row: number) => probabilities!.data[row * CLASSES + TYPE_CODES.indexOf(CODES[2]!)]!;
    assert.ok(ofTwin(0) < 0.5 && ofTwin(1) < 0.5, `${ofTwin(0)}, ${ofTwin(1)}`);
  });

  it('believes a row that counts more where two say different things', async () => {
    const picture = { file: 'disputed.jpg', sha256: 'disputed-5-0', bytes: 1 };
    const disputed = CODES.slice(0, 2).map(
      (code) => ({ ...rows[0]!, row: `${code}`, picture, code }) as DatasetRow,
    );
    const more = [...shards, await writeShard('disputed.safetensors', disputed.slice(0, 1))];
    for (const [heavy, { code }] of disputed.entries()) {
      const directory = join(folder, `disputed-${heavy}`);
      const weighted = disputed.map((row, at) => (at === heavy ? { ...row, weight: 10 } : row));
      await writeRows(join(directory, 'train.ndjson'), [...rows, ...weighted]);
      await writeRows(join(directory, 'validation.ndjson'), []);
      await trainHead(
        { family: 'f', dataset: { ...dataset, directory }, seed: 1, parameters: {}, shards: more, directory },
        context(),
      );
      const model = await efficientnet.load(join(directory, 'model'), null);
      const answer = await model.classify(Float32Array.from([0, 0, 0, 0, 0, 1]), 1);
      assert.equal(TYPE_CODES[topClass(answer, 0)], code);
      model.dispose();
    }
  });

  it('leaves the same bytes on any number of threads', async () => {
    await train('three', 3);
    for (const file of ['model/head.safetensors', 'out-of-fold.safetensors']) {
      assert.deepEqual(
        await readFile(join(folder, 'three', file)),
        await readFile(join(folder, 'one', file)),
      );
    }
  });

  it('stops with the reason of the signal', async () => {
    const stop = new AbortController();
    const training = train('stopped', 2, context(stop.signal));
    stop.abort(new Error('enough'));
    await assert.rejects(training, /enough/);
  });

  it('needs a picture', async () => {
    const directory = join(folder, 'bare');
    const bare = rows.map((row) => ({ ...row, picture: null }));
    await writeRows(join(directory, 'train.ndjson'), bare);
    await writeRows(join(directory, 'validation.ndjson'), bare);
    const input = {
      family: 'f',
      dataset: { ...dataset, directory },
      seed: 1,
      parameters: {},
      shards,
      directory,
    };
    await assert.rejects(trainHead(input, context()), { code: 'DATASET_WITHOUT_PICTURES' });
  });
});
