import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import { TYPE_CODES } from '../data/type-codes.ts';
import { blankScores } from '../models/bundle/rows.ts';
import { CLASSES, topClass } from '../models/evaluation/rows.ts';
import type { Family, ImageModel, TextModel } from '../models/family.ts';
import { fuseConvex, type ModelScores, tuneConvex } from '../models/fusion/convex.ts';
import { type Features, openFeatures } from '../models/image/features.ts';
import type { FeatureShard, MlProcess, Parameters } from '../models/runtime/jobs.ts';
import { createMlProcess } from '../models/runtime/process.ts';
import type { BenchCatalogue, LabelledRow } from './catalogue.ts';
import type { Split } from './folds.ts';
import { writeDataset } from './material.ts';

const SEED = 42;

/** The processes that the pipeline's workers have: one thread is the cheapest for text, all for pictures. */
export function benchProcesses(): { text: MlProcess; vision: MlProcess; close(): Promise<void> } {
  const text = createMlProcess({ name: 'text', threads: 1 });
  const vision = createMlProcess({ name: 'vision', threads: availableParallelism() });
  return { text, vision, close: async () => void (await Promise.all([text.close(), vision.close()])) };
}

export interface OutOfFold {
  /** [n * 27], each row by a model that never saw its product; uniform where a model had nothing to say. */
  readonly text: Float32Array;
  readonly image: Float32Array;
  /** By the weight that each fold's validation rows asked for. */
  readonly fused: Float32Array;
}

export interface CrossValidation {
  readonly family: Family;
  readonly catalogue: BenchCatalogue;
  readonly splits: readonly Split[];
  /** Of every picture; null: no picture model is trained, and `fused` is text alone. */
  readonly shards: readonly FeatureShard[] | null;
  readonly text?: Parameters;
  readonly directory: string;
  readonly processes: ReturnType<typeof benchProcesses>;
  readonly say: (line: string) => void;
}

/** Trains on every split as the pipeline does, and pools what its models say about the test rows. */
export async function crossValidate(run: CrossValidation): Promise<OutOfFold> {
  const { catalogue, splits } = run;
  const blank = () => new Float32Array(catalogue.rows.length * CLASSES).fill(1 / CLASSES);
  const pooled = { text: blank(), image: blank(), fused: blank() };
  for (const [fold, split] of splits.entries()) {
    const from = performance.now();
    const found = await trainAndScore(run, split, join(run.directory, `fold-${fold}`));
    split.test.forEach((place, row) => {
      for (const name of ['text', 'image', 'fused'] as const) {
        pooled[name].set(found[name].subarray(row * CLASSES, (row + 1) * CLASSES), place * CLASSES);
      }
    });
    run.say(`  fold ${fold + 1} of ${splits.length}: ${((performance.now() - from) / 1000).toFixed(0)} s`);
  }
  return pooled;
}

async function trainAndScore(run: CrossValidation, split: Split, directory: string): Promise<OutOfFold> {
  const { family, catalogue, shards, processes } = run;
  const rowsOf = (places: readonly number[]) => places.map((place) => catalogue.rows[place] as LabelledRow);
  const parts = {
    train: rowsOf(split.train),
    validation: rowsOf(split.validation),
    test: rowsOf(split.test),
  };
  const dataset: DatasetRef = await writeDataset(join(directory, 'dataset'), catalogue, parts);
  const common = { family: family.name, dataset, seed: SEED };
  const text = join(directory, 'text');
  await processes.text.run('trainText', {
    ...{ ...common, parameters: run.text ?? {}, directory: text },
    ...{ encoder: null, featuresDirectory: text },
  });
  const image = join(directory, 'image');
  if (shards) {
    await processes.vision.run('trainImage', { ...common, parameters: {}, shards, directory: image });
  }

  const textModel = await family.text.load(join(text, 'model'), null);
  const imageModel = shards ? await family.image.load(join(image, 'model'), null) : null;
  const features = await openFeatures(shards ?? []);
  try {
    const validation = await score(parts.validation, textModel, imageModel, features);
    const test = await score(parts.test, textModel, imageModel, features);
    const { textWeight } = tuneConvex(validation);
    return { text: test.text, image: test.image, fused: fuseConvex({ ...test, textWeight }) };
  } finally {
    textModel.dispose();
    imageModel?.dispose();
    await features.close();
  }
}

async function score(
  rows: readonly LabelledRow[],
  text: TextModel,
  image: ImageModel | null,
  features: Features,
): Promise<ModelScores & { labels: Float32Array }> {
  const scores = blankScores(rows, text);
  scores.text.set(await text.predict(rows));
  if (!image) return { ...scores, hasPicture: scores.hasPicture.fill(0) };
  const pictures = rows.flatMap(({ picture }, row) => (picture ? [{ row, sha256: picture.sha256 }] : []));
  const found = await image.classify(
    await features.read(pictures.map(({ sha256 }) => sha256)),
    pictures.length,
  );
  pictures.forEach(({ row }, at) => {
    scores.image.set(found.subarray(at * CLASSES, (at + 1) * CLASSES), row * CLASSES);
  });
  return scores;
}

/** Class indexes of the rows' codes. */
export function labelsOf(rows: readonly LabelledRow[]): Int32Array {
  return Int32Array.from(rows, ({ code }) => TYPE_CODES.indexOf(code));
}

/** Class index of the likeliest code of each row. */
export function answersOf(probabilities: Float32Array): Int32Array {
  return Int32Array.from({ length: probabilities.length / CLASSES }, (_, row) =>
    topClass(probabilities, row),
  );
}
