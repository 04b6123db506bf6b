import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../data/catalogue.ts';
import { readRows } from '../../data/read.ts';
import { EtiquetteError } from '../../errors.ts';
import { family } from '../families.ts';
import type { ImageModel, TextModel } from '../family.ts';
import { openFeatures } from '../image/features.ts';
import type { FeatureShard, Job, JobContext } from '../runtime/jobs.ts';
import { pause } from '../runtime/pause.ts';
import { readSafetensors } from '../runtime/safetensors.ts';
import { disposeBundle, openBundle } from './open.ts';
import { problemOf } from './predict.ts';
import { blankScores, CLASSES, copyRow } from './rows.ts';
import { type Scores, writeScores } from './scores.ts';

const TEXT_BATCH = 256;
const PICTURE_BATCH = 16;

/** Scores one part of a dataset with freshly trained models, on features that are already there. */
export const score: Job<'score'> = async (input, context) => {
  const { dataset, textOutOfFold, imageOutOfFold } = input;
  const recipes = family(input.family);
  const parts =
    input.part === 'test'
      ? (['test'] as const)
      : textOutOfFold && imageOutOfFold
        ? (['train', 'validation'] as const)
        : (['validation'] as const);
  const rows = (
    await Promise.all(parts.map((part) => collect(join(dataset.directory, `${part}.ndjson`))))
  ).flat();
  const text = await recipes.text.load(input.textModel, input.textEncoder);
  const image = await recipes.image.load(input.imageModel, null);
  const scores = blankScores(rows, text);
  try {
    if (textOutOfFold) scores.text.set(await outOfFold(textOutOfFold, dataset, rows.length));
    else await scoreTexts(text, rows, scores, context);
    if (imageOutOfFold) scores.image.set(await outOfFold(imageOutOfFold, dataset, rows.length));
    else await scorePictures(image, input.shards, rows, scores, context);
  } finally {
    text.dispose();
    image.dispose();
  }
  await writeScores(input.file, scores);
  return { rows: rows.length, pictures: scores.hasPicture.filter(Boolean).length };
};

/** Scores rows of any catalogue with a finished bundle. An unreadable picture counts as none. */
export const predictRows: Job<'predictRows'> = async (input, context) => {
  const loaded = await openBundle(input.bundle, input.encoders);
  try {
    const rows = await collect(input.rows);
    const scores = blankScores(rows, loaded.text);
    await scoreTexts(loaded.text, rows, scores, context);
    await lookAtPictures(loaded.image, rows, input.picturesDirectory, scores, context);
    await writeScores(input.file, scores);
    return { rows: rows.length, pictures: scores.hasPicture.filter(Boolean).length };
  } finally {
    disposeBundle(loaded);
  }
};

/** Decodes and classifies the rows' pictures. One that cannot be read counts as none. */
export async function lookAtPictures(
  image: ImageModel,
  rows: readonly DatasetRow[],
  picturesDirectory: string,
  scores: Scores,
  context: JobContext,
): Promise<void> {
  const withPicture = rows.flatMap(({ picture }, index) => (picture ? [{ index, file: picture.file }] : []));
  for (let from = 0; from < withPicture.length; from += PICTURE_BATCH) {
    await pause(context);
    const batch = withPicture.slice(from, from + PICTURE_BATCH);
    const decoded = await Promise.all(batch.map(({ file }) => decode(image, join(picturesDirectory, file))));
    const readable = batch.flatMap(({ index }, position) => {
      const pixels = decoded[position];
      if (!pixels) scores.hasPicture[index] = 0;
      return pixels ? [{ index, pixels }] : [];
    });
    if (readable.length > 0) {
      const features = await image.encode(readable.map(({ pixels }) => pixels));
      const probabilities = await image.classify(features, readable.length);
      readable.forEach(({ index }, position) => {
        copyRow(probabilities, position, scores.image, index);
      });
    }
    const done = Math.min(from + PICTURE_BATCH, withPicture.length);
    context.progress({
      fraction: done / withPicture.length,
      message: `${done} of ${withPicture.length} pictures`,
    });
  }
}

async function scoreTexts(
  text: TextModel,
  rows: readonly DatasetRow[],
  scores: Scores,
  context: JobContext,
): Promise<void> {
  for (let from = 0; from < rows.length; from += TEXT_BATCH) {
    await pause(context);
    scores.text.set(await text.predict(rows.slice(from, from + TEXT_BATCH)), from * CLASSES);
  }
}

async function scorePictures(
  image: ImageModel,
  shards: readonly FeatureShard[],
  rows: readonly DatasetRow[],
  scores: Scores,
  context: JobContext,
): Promise<void> {
  const features = await openFeatures(shards);
  try {
    const withPicture = rows.flatMap((row, index) =>
      row.picture ? [{ index, sha256: row.picture.sha256 }] : [],
    );
    for (let from = 0; from < withPicture.length; from += TEXT_BATCH) {
      await pause(context);
      const batch = withPicture.slice(from, from + TEXT_BATCH);
      const found = await features.read(batch.map(({ sha256 }) => sha256));
      const probabilities = await image.classify(found, batch.length);
      batch.forEach(({ index }, position) => {
        copyRow(probabilities, position, scores.image, index);
      });
    }
  } finally {
    await features.close();
  }
}

/** The last `rows` of the file: the validation rows follow the training rows in it. */
async function outOfFold(file: string, { counts }: DatasetRef, rows: number): Promise<Float32Array> {
  const found = (await readSafetensors(file)).probabilities?.data;
  if (found?.length !== (counts.train.rows + counts.validation.rows) * CLASSES) {
    throw new EtiquetteError('SCORES_SHAPE_INVALID', `${file} does not belong to these rows. Train again.`);
  }
  return found.subarray(found.length - rows * CLASSES);
}

async function decode(image: ImageModel, file: string): Promise<Float32Array | null> {
  try {
    return await image.prepare(await readFile(file));
  } catch (error) {
    problemOf(error);
    return null;
  }
}

export async function collect(file: string): Promise<DatasetRow[]> {
  const rows: DatasetRow[] = [];
  for await (const row of readRows(file)) rows.push(row);
  return rows;
}
