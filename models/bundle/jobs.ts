import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../data/catalogue.ts';
import { readRows } from '../../data/read.ts';
import { EtiquetteError, isEtiquetteError } from '../../errors.ts';
import { findEncoder } from '../encoders/prepare.ts';
import { createSlices } from '../explain/slices.ts';
import { family } from '../families.ts';
import type { ImageModel, TextModel } from '../family.ts';
import { fuse } from '../fusion/fuse.ts';
import { openFeatures } from '../image/features.ts';
import type { FeatureShard, Job, JobContext, PredictOutcome, PredictProduct } from '../runtime/jobs.ts';
import { pause } from '../runtime/pause.ts';
import { readSafetensors } from '../runtime/safetensors.ts';
import type { Bundle } from './format.ts';
import { readBundle, verifyFiles } from './load.ts';
import { blankScores, CLASSES } from './rows.ts';
import { type Scores, writeScores } from './scores.ts';

const TEXT_BATCH = 256;
const PICTURE_BATCH = 16;

interface LoadedBundle {
  readonly bundle: Bundle;
  readonly text: TextModel;
  readonly image: ImageModel;
}

let serving: LoadedBundle | undefined;

/** Loads a bundle for `predict`, after checking every file against its hash. */
export const loadBundle: Job<'loadBundle'> = async ({ bundle, encoders }) => {
  serving = await load(bundle, encoders);
  return { version: serving.bundle.version };
};

/** Probabilities for products with the bundle that was loaded. One bad picture does not spoil the batch. */
export const predict: Job<'predict'> = async ({ products }) => {
  return { predictions: await predictProducts(loaded(), products) };
};

const explainSlice = createSlices();

/** Explains one product with the bundle that was loaded, slice by slice. */
export const explain: Job<'explain'> = async (input, context) => explainSlice(loaded(), input, context);

function loaded(): LoadedBundle {
  if (!serving) throw new EtiquetteError('BUNDLE_NOT_LOADED', 'Load a bundle before asking for predictions.');
  return serving;
}

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
  const loaded = await load(input.bundle, input.encoders);
  try {
    const rows = await collect(input.rows);
    const scores = blankScores(rows, loaded.text);
    await scoreTexts(loaded.text, rows, scores, context);
    const withPicture = rows.flatMap(({ picture }, index) =>
      picture ? [{ index, file: picture.file }] : [],
    );
    for (let from = 0; from < withPicture.length; from += PICTURE_BATCH) {
      await pause(context);
      const batch = withPicture.slice(from, from + PICTURE_BATCH);
      const decoded = await Promise.all(
        batch.map(({ file }) => decode(loaded, join(input.picturesDirectory, file))),
      );
      const readable = batch.flatMap(({ index }, position) => {
        const pixels = decoded[position];
        if (!pixels) scores.hasPicture[index] = 0;
        return pixels ? [{ index, pixels }] : [];
      });
      if (readable.length > 0) {
        const features = await loaded.image.encode(readable.map(({ pixels }) => pixels));
        const probabilities = await loaded.image.classify(features, readable.length);
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
    await writeScores(input.file, scores);
    return { rows: rows.length, pictures: scores.hasPicture.filter(Boolean).length };
  } finally {
    loaded.text.dispose();
    loaded.image.dispose();
  }
};

/** The first products are for warming up: code is compiled and memory is taken then. */
const WARM_UP = 3;

/** Times a finished bundle as a client would: product by product, the picture's decoding included. */
export const timeBundle: Job<'timeBundle'> = async (input, context) => {
  const loaded = await load(input.bundle, input.encoders);
  try {
    const times: number[] = [];
    for await (const { designation, description, picture } of readRows(input.rows)) {
      if (times.length >= input.products + WARM_UP) break;
      await pause(context);
      const bytes = picture ? await readFile(join(input.picturesDirectory, picture.file)) : null;
      const from = performance.now();
      await predictProducts(loaded, [{ designation, description, picture: bytes }]);
      times.push(performance.now() - from);
    }
    const sorted = times.slice(times.length > WARM_UP ? WARM_UP : 0).sort((a, b) => a - b);
    return { milliseconds: sorted[sorted.length >> 1] ?? 0 };
  } finally {
    loaded.text.dispose();
    loaded.image.dispose();
  }
};

async function load(directory: string, encoders: string): Promise<LoadedBundle> {
  const bundle = await readBundle(directory);
  await verifyFiles(directory, bundle);
  const { text: textEncoder, image: imageEncoder } = bundle.encoders;
  const files = {
    text: textEncoder && (await findEncoder(encoders, textEncoder)),
    image: await findEncoder(encoders, imageEncoder),
  };
  const recipes = family(bundle.family);
  const text = await recipes.text.load(join(directory, 'text'), files.text);
  const image = await recipes.image.load(join(directory, 'image'), files.image);
  return { bundle, text, image };
}

async function predictProducts(
  loaded: LoadedBundle,
  products: readonly PredictProduct[],
): Promise<PredictOutcome[]> {
  const n = products.length;
  const prepared = await Promise.all(
    products.map(({ picture }) => (picture ? loaded.image.prepare(picture).catch(problemOf) : null)),
  );
  const pixels = prepared.filter((one) => one instanceof Float32Array);
  const seen =
    pixels.length > 0
      ? await loaded.image.classify(await loaded.image.encode(pixels), pixels.length)
      : new Float32Array(0);
  const text = await loaded.text.predict(products);
  const image = new Float32Array(n * CLASSES).fill(1 / CLASSES);
  let next = 0;
  prepared.forEach((one, index) => {
    if (one instanceof Float32Array) copyRow(seen, next++, image, index);
  });
  const hasText = products.map((product) => (loaded.text.reads(product) ? 1 : 0));
  const hasPicture = prepared.map((one) => (one instanceof Float32Array ? 1 : 0));
  const fused = fuse({ text, image, hasText, hasPicture }, loaded.bundle.fusion);
  return prepared.map((one, index) => {
    if (one && !(one instanceof Float32Array)) return { problem: one };
    return {
      probabilities: rowOf(fused, index),
      text: hasText[index] ? rowOf(text, index) : null,
      image: hasPicture[index] ? rowOf(image, index) : null,
    };
  });
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

async function decode(loaded: LoadedBundle, file: string): Promise<Float32Array | null> {
  try {
    return await loaded.image.prepare(await readFile(file));
  } catch (error) {
    problemOf(error);
    return null;
  }
}

/** Only a bad picture is the product's own problem; anything else must not pass for one. */
function problemOf(error: unknown): { code: string; message: string } {
  if (isEtiquetteError(error) && error.code.startsWith('PICTURE_')) {
    return { code: error.code, message: error.message };
  }
  throw error;
}

async function collect(file: string): Promise<DatasetRow[]> {
  const rows: DatasetRow[] = [];
  for await (const row of readRows(file)) rows.push(row);
  return rows;
}

function rowOf(matrix: Float32Array, row: number): Float32Array {
  return matrix.slice(row * CLASSES, (row + 1) * CLASSES);
}

function copyRow(from: Float32Array, fromRow: number, to: Float32Array, toRow: number): void {
  to.set(from.subarray(fromRow * CLASSES, (fromRow + 1) * CLASSES), toRow * CLASSES);
}
