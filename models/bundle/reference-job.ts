import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../data/atomic.ts';
import type { DatasetRow, Part, PictureRef } from '../../data/catalogue.ts';
import { random, shuffled } from '../../data/random.ts';
import { readRows } from '../../data/read.ts';
import type { Predicted } from '../drift/features.ts';
import { collectKnownWords, openKnownWords } from '../drift/known-words.ts';
import { createReference, LEAST_REFERENCE, type ReferenceRow } from '../drift/reference.ts';
import { readText, vocabularyOf } from '../drift/text-statistics.ts';
import { family } from '../families.ts';
import { fuse } from '../fusion/fuse.ts';
import { openFeatures } from '../image/features.ts';
import type { Job, JobContext, MakeReferenceInput } from '../runtime/jobs.ts';
import { pause } from '../runtime/pause.ts';
import { problemOf } from './predict.ts';
import { rowOf } from './rows.ts';
import { readScores } from './scores.ts';
import { collect } from './scoring-jobs.ts';
import { seenPicture, watchedOf } from './watched.ts';

/** More rows tell change from chance hardly better, and each is read and looked at again. */
const MOST_ROWS = 3_000;
const SEED = 1;
const BATCH = 16;
const PAUSE_EVERY = 200;

/** Sums up the test rows, which no model has learnt from: what was said of them, and how they look beside that. */
export const makeReference: Job<'makeReference'> = async (input, context) => {
  const test = await collect(partFile(input, 'test'));
  const answers = fuse(await readScores(input.scores), input.fusion);
  const places = shuffled([...test.keys()], random(SEED, 'reference')).slice(0, MOST_ROWS);
  if (places.length < LEAST_REFERENCE) return { rows: null };
  const knownWords = await collectKnownWords(wordsOfTraining(input, context));
  const known = openKnownWords(knownWords);
  const rows: ReferenceRow[] = [];
  const text = await family(input.family).text.load(input.textModel, input.textEncoder);
  const pictures = await openPictures(input);
  try {
    for (let from = 0; from < places.length; from += BATCH) {
      await pause(context);
      const batch = places.slice(from, from + BATCH);
      const products = batch.map((place) => test[place] as DatasetRow);
      const [looked, read] = await Promise.all([pictures.look(products), text.read?.(products)]);
      batch.forEach((place, at) => {
        const product = products[at] as DatasetRow;
        const { picture, pictureFeatures } = looked[at] ?? NOT_SEEN;
        const textFeatures = read?.features[at] ?? null;
        const probabilities = rowOf(answers, place);
        const features = watchedOf({ product, probabilities, picture, textFeatures, pictureFeatures }, known);
        if (features) rows.push({ features, code: product.code });
      });
      const done = from + batch.length;
      const message = `${done} of ${places.length} rows for the reference`;
      context.progress({ fraction: done / places.length, message });
    }
  } finally {
    text.dispose();
    await pictures.close();
  }
  if (rows.length < LEAST_REFERENCE) return { rows: null };
  const reference = createReference(rows, { knownWords, seed: SEED });
  await writeAtomic(input.file, `${JSON.stringify(reference)}\n`);
  return { rows: rows.length };
};

type Looked = Pick<Predicted, 'picture' | 'pictureFeatures'>;
const NOT_SEEN: Looked = { picture: null, pictureFeatures: null };

/** Decodes pictures as serving does, and finds or computes their features. One that cannot be read counts as none. */
async function openPictures(input: MakeReferenceInput): Promise<{
  look(rows: readonly DatasetRow[]): Promise<Looked[]>;
  close(): Promise<void>;
}> {
  const image = await family(input.family).image.load(input.imageModel, input.imageEncoder.file);
  const stored = input.shards && (await openFeatures(input.shards));
  const { featureSize, form } = image;

  async function decode({ file, sha256 }: PictureRef) {
    try {
      const bytes = await readFile(join(input.dataset.catalogueDirectory, file));
      const picture = await seenPicture(bytes, await image.prepare(bytes), form);
      return { picture, sha256 };
    } catch (error) {
      problemOf(error);
      return null;
    }
  }

  return {
    async look(rows) {
      const decoded = await Promise.all(rows.map(({ picture }) => picture && decode(picture)));
      const readable = decoded.filter((one) => one !== null);
      if (readable.length === 0) return rows.map(() => NOT_SEEN);
      const features = stored
        ? await stored.read(readable.map(({ sha256 }) => sha256))
        : await image.encode(readable.map(({ picture }) => picture.pixels));
      let next = 0;
      return decoded.map((one): Looked => {
        if (!one) return NOT_SEEN;
        const from = featureSize * next++;
        return { picture: one.picture, pictureFeatures: features.subarray(from, from + featureSize) };
      });
    },
    async close() {
      image.dispose();
      await stored?.close();
    },
  };
}

const partFile = ({ dataset }: MakeReferenceInput, part: Part) => join(dataset.directory, `${part}.ndjson`);

/** Of every row that the models may have learnt from. */
async function* wordsOfTraining(input: MakeReferenceInput, context: JobContext): AsyncGenerator<string[]> {
  let rows = 0;
  for (const part of ['train', 'validation'] as const) {
    for await (const row of readRows(partFile(input, part))) {
      if (rows++ % PAUSE_EVERY === 0) await pause(context);
      yield vocabularyOf(readText(row));
    }
  }
}
