import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeAtomic } from '../../../data/atomic.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { foldCountOf, stratifiedFolds } from '../../linear/folds.ts';
import { softmaxOf } from '../../linear/temperature.ts';
import type { JobContext, TrainImageInput, TrainingSummary } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { writeSafetensors } from '../../runtime/safetensors.ts';
import { learnHead } from '../../text/sentence/learn-head.ts';
import { openFeatures } from '../features.ts';
import { HEAD_C, scaleRows } from './head.ts';
import { readTrainingPictures, type TrainingPictures } from './training-pictures.ts';

const CLASSES = TYPE_CODES.length;
export const HEAD = 'head.safetensors';
/** Pictures whose features are read between two looks at the signal. */
const BATCH = 256;

/**
 * Learns from the training and validation rows together: nothing is picked on validation. Leaves
 * `<directory>/model` and `<directory>/out-of-fold.safetensors`: `probabilities` [n, 27] of the labelled rows of
 * train.ndjson, then validation.ndjson, in file order; uniform without a picture. The number of threads changes the
 * time only. Trains in seconds, so a killed training simply begins again.
 * @throws EtiquetteError DATASET_WITHOUT_PICTURES, FEATURES_MISSING
 */
export async function trainHead(
  input: TrainImageInput,
  context: JobContext,
  threads = availableParallelism(),
): Promise<Omit<TrainingSummary, 'parameters'>> {
  const { dataset, directory, seed } = input;
  context.progress({ fraction: 0, message: 'Reading the features of the pictures' });
  const training = await readTrainingPictures(dataset);
  const { pictures, labels, products, places, weights } = training;
  if (pictures.length === 0) {
    throw new EtiquetteError(
      'DATASET_WITHOUT_PICTURES',
      `${dataset.directory} has no labelled row with a picture. Training needs some: look at the catalogue's report.`,
    );
  }
  const { features, size } = await readFeatures(input, training, context);
  const foldCount = foldCountOf(pictures.length);
  const { model: head, scores } = await learnHead({
    ...{ features, size, labels: Uint8Array.from(labels), classes: CLASSES, c: HEAD_C },
    ...(weights && { rowWeights: weights }),
    folds: stratifiedFolds(labels, foldCount, seed, products),
    ...{ foldCount, threads, signal: context.signal },
    onProgress: (fraction) => context.progress({ fraction, message: 'Learning what each code looks like' }),
  });

  const model = join(directory, 'model');
  await writeAtomic(join(model, 'image.json'), `${JSON.stringify({ format: 1, recipe: 'efficientnet' })}\n`);
  await writeSafetensors(join(model, HEAD), {
    weights: { shape: [CLASSES, size], data: head.weights },
    bias: { shape: [CLASSES], data: head.bias },
  });
  const said = softmaxOf(scores, CLASSES, 1);
  const outOfFold = new Float32Array(training.rows * CLASSES).fill(1 / CLASSES);
  places.forEach((place, at) => {
    outOfFold.set(said.subarray(at * CLASSES, (at + 1) * CLASSES), place * CLASSES);
  });
  await writeSafetensors(join(directory, 'out-of-fold.safetensors'), {
    probabilities: { shape: [training.rows, CLASSES], data: outOfFold },
  });
  return { rows: training.counts, epochs: [], bestEpoch: 0 };
}

/** In shared memory, which threads read without a copy. */
async function readFeatures(
  { shards }: TrainImageInput,
  { pictures }: TrainingPictures,
  context: JobContext,
): Promise<{ features: Float32Array; size: number }> {
  const stored = await openFeatures(shards);
  try {
    const size = stored.featureSize;
    const features = new Float32Array(new SharedArrayBuffer(4 * pictures.length * size));
    for (let from = 0; from < pictures.length; from += BATCH) {
      await pause(context);
      features.set(await stored.read(pictures.slice(from, from + BATCH)), from * size);
    }
    scaleRows(features, size);
    return { features, size };
  } finally {
    await stored.close();
  }
}
