import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../../data/catalogue.ts';
import { random } from '../../../data/random.ts';
import { writeRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { readScores } from '../../../models/bundle/scores.ts';
import { score } from '../../../models/bundle/scoring-jobs.ts';
import { encodeHeader } from '../../../models/encoders/feature-file.ts';
import { family } from '../../../models/families.ts';
import type { FeatureShard, JobContext, ScoreInput } from '../../../models/runtime/jobs.ts';
import { readSafetensors } from '../../../models/runtime/safetensors.ts';

const CLASSES = TYPE_CODES.length;
const SIZE = 4;
const WORDS = ['piscine ronde', 'livre ancien', 'drone rapide'];
const COUNTS = { train: 6, validation: 3, test: 2 };
type Part = keyof typeof COUNTS;

describe('scoring rows with freshly trained models', function () {
  this.timeout(60_000);
  const name = 'ngram-efficientnet';
  const context: JobContext = { signal: new AbortController().signal, progress() {} };
  let folder: string;
  let dataset: DatasetRef;
  let input: ScoreInput;
  const rows = Object.fromEntries(
    Object.entries(COUNTS).map(([part, each]) => [part, rowsOf(part, each)]),
  ) as Record<Part, DatasetRow[]>;

  /** The last row of each code has no picture. */
  function rowsOf(part: string, each: number): DatasetRow[] {
    return WORDS.flatMap((words, own) =>
      Array.from({ length: each }, (_, number): DatasetRow => {
        const row = `${part}-${own}-${number}`;
        const picture = number === each - 1 ? null : { file: `${row}.jpg`, sha256: row, bytes: 1 };
        return {
          ...{ row, designation: `${words} ${row}`, description: '', code: TYPE_CODES[own]! },
          ...{ productId: row, imageId: row, picture },
        } as DatasetRow;
      }),
    );
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'score-'));
    const all = Object.values(rows).flat();
    const count = (part: Part) => ({
      rows: rows[part].length,
      pictures: rows[part].filter(({ picture }) => picture).length,
    });
    for (const part of Object.keys(COUNTS) as Part[]) {
      await writeRows(join(folder, `${part}.ndjson`), rows[part]);
    }
    const counts = { train: count('train'), validation: count('validation'), test: count('test') };
    dataset = { version: 'one', directory: folder, catalogueDirectory: folder, counts };

    const pictures = all.flatMap(({ picture }) => picture ?? []);
    const shard: FeatureShard = { file: join(folder, 'shard.safetensors'), pictures };
    const features = pictures.flatMap(({ sha256 }) => {
      const next = random(1, sha256);
      const own = Number(sha256.split('-')[1]);
      return Array.from({ length: SIZE }, (_, at) => next() * 0.3 + (at === own ? 1 : 0));
    });
    const items = pictures.map(({ sha256 }) => sha256);
    const header = encodeHeader({ encoder: 'e', featureSize: SIZE, items });
    await writeFile(shard.file, Buffer.concat([header, new Uint8Array(Float32Array.from(features).buffer)]));

    const { text, image } = family(name);
    const common = { family: name, dataset, seed: 1 };
    await text.train(
      {
        ...{ ...common, parameters: { encoder: 'none' }, encoder: null },
        ...{ featuresDirectory: join(folder, 'features'), directory: join(folder, 'text') },
      },
      context,
    );
    await image.train(
      { ...common, parameters: {}, shards: [shard], directory: join(folder, 'image') },
      context,
    );
    input = {
      ...{ family: name, dataset, part: 'tuning', textEncoder: null, shards: [shard] },
      ...{ textModel: join(folder, 'text', 'model'), imageModel: join(folder, 'image', 'model') },
      textOutOfFold: join(folder, 'text', 'out-of-fold.safetensors'),
      imageOutOfFold: join(folder, 'image', 'out-of-fold.safetensors'),
      file: join(folder, 'scores.safetensors'),
    };
  });
  after(() => rm(folder, { recursive: true }));

  const outOfFold = async (part: string) =>
    (await readSafetensors(join(folder, part, 'out-of-fold.safetensors'))).probabilities!.data;

  it('tunes on what both said out of fold of all training and validation rows', async () => {
    const found = await score(input, context);
    const scores = await readScores(input.file);
    const own = [...rows.train, ...rows.validation];
    assert.deepEqual(found, { rows: 27, pictures: 21 });
    assert.deepEqual(
      [...scores.labels],
      own.map(({ code }) => TYPE_CODES.indexOf(code!)),
    );
    assert.deepEqual(
      [...scores.hasPicture],
      own.map(({ picture }) => (picture ? 1 : 0)),
    );
    assert.deepEqual(scores.text, await outOfFold('text'));
    assert.deepEqual(scores.image, await outOfFold('image'));
  });

  it('tunes on the validation rows when a model left none out of fold', async () => {
    await score({ ...input, imageOutOfFold: null }, context);
    const scores = await readScores(input.file);
    assert.equal(scores.labels.length, rows.validation.length);
    assert.deepEqual(scores.text, (await outOfFold('text')).subarray(rows.train.length * CLASSES));
    assert.notDeepEqual(scores.image, (await outOfFold('image')).subarray(rows.train.length * CLASSES));
  });

  it('asks both models about test rows', async () => {
    const test = { ...input, part: 'test', textOutOfFold: null, imageOutOfFold: null } as const;
    assert.deepEqual(await score(test, context), { rows: 6, pictures: 3 });
    const { text, image, hasPicture } = await readScores(input.file);
    rows.test.forEach(({ code }, row) => {
      const own = row * CLASSES + TYPE_CODES.indexOf(code!);
      assert.ok(text[own]! > 1 / CLASSES);
      assert.ok(hasPicture[row] ? image[own]! > 0.5 : image[own] === Math.fround(1 / CLASSES));
    });
  });

  it('refuses out-of-fold answers to other rows', async () => {
    const counts = { ...dataset.counts, train: { rows: 1, pictures: 1 } };
    await assert.rejects(score({ ...input, dataset: { ...dataset, counts } }, context), {
      code: 'SCORES_SHAPE_INVALID',
    });
  });
});
