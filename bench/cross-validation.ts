import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import { TYPE_CODES } from '../data/type-codes.ts';
import { readScores } from '../models/bundle/scores.ts';
import { CLASSES, topClass } from '../models/evaluation/rows.ts';
import type { Family } from '../models/family.ts';
import { fuse } from '../models/fusion/fuse.ts';
import { tune } from '../models/fusion/tune.ts';
import type { FeatureShard, MlProcess, Parameters, TrainTextInput } from '../models/runtime/jobs.ts';
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
  /** Joined as each fold's rows for tuning asked for. */
  readonly fused: Float32Array;
}

export interface CrossValidation {
  readonly family: Family;
  readonly catalogue: BenchCatalogue;
  readonly splits: readonly Split[];
  /** Of every picture; null: no picture model is trained, and `fused` is text alone. */
  readonly shards: readonly FeatureShard[] | null;
  readonly text?: Parameters;
  readonly textEncoder: Pick<TrainTextInput, 'encoder' | 'featuresDirectory'>;
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
    ...run.textEncoder,
  });
  const image = join(directory, 'image');
  if (shards) {
    await processes.vision.run('trainImage', { ...common, parameters: {}, shards, directory: image });
  }

  const encoder = run.textEncoder.encoder?.file ?? null;
  if (!shards) {
    const model = await family.text.load(join(text, 'model'), encoder);
    const said = await model.predict(parts.test);
    model.dispose();
    return { text: said, image: new Float32Array(said.length).fill(1 / CLASSES), fused: said };
  }
  const models = {
    ...{ family: family.name, dataset, shards },
    ...{ textModel: join(text, 'model'), textEncoder: encoder, imageModel: join(image, 'model') },
  };
  const honest = (recipe: { outOfFold: boolean }, folder: string) =>
    recipe.outOfFold ? join(folder, 'out-of-fold.safetensors') : null;
  const files = { tuning: join(directory, 'tuning.safetensors'), test: join(directory, 'test.safetensors') };
  await processes.vision.run('score', {
    ...{ ...models, part: 'tuning', file: files.tuning },
    ...{ textOutOfFold: honest(family.text, text), imageOutOfFold: honest(family.image, image) },
  });
  const none = { textOutOfFold: null, imageOutOfFold: null };
  await processes.vision.run('score', { ...models, ...none, part: 'test', file: files.test });
  const fusion = tune(await readScores(files.tuning), family.fusion);
  const test = await readScores(files.test);
  return { text: test.text, image: test.image, fused: fuse(test, fusion) };
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
