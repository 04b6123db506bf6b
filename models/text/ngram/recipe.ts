import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { readRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { TextRecipe } from '../../family.ts';
import type { JobContext, TrainingSummary, TrainTextInput } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { writeSafetensors } from '../../runtime/safetensors.ts';
import { createFeatureCollector } from './features.ts';
import { loadNgram, saveNgram } from './model.ts';
import { learn } from './out-of-fold.ts';
import { ngramParameters } from './parameters.ts';

const CLASSES = TYPE_CODES.length;
const PAUSE_EVERY = 100;
/** Of the whole job; the rest is learning. */
const READING = 0.1;

/** Hashed word and character n-grams, tf-idf, a linear SVM for each code. Trains in seconds. */
export const ngram: TextRecipe = {
  name: 'ngram',
  outOfFold: true,
  encoder: () => null,
  parameters: ngramParameters,
  train: (input, context) => trainNgram(input, context, availableParallelism()),
  load: loadNgram,
};

/**
 * Learns from the training and validation rows together: C and the rest are fixed, nothing is picked on validation.
 * Leaves `<directory>/model` and `<directory>/out-of-fold.safetensors`: `probabilities` [n, 27], `labels` [n]
 * (class index), `hasText` [n] of the labelled rows of train.ndjson, then validation.ndjson, in file order.
 * The number of threads changes the time only.
 */
export async function trainNgram(
  input: TrainTextInput,
  context: JobContext,
  threads: number,
): Promise<TrainingSummary> {
  const parameters = ngramParameters(input.parameters);
  const { dataset, directory, seed } = input;
  const collector = createFeatureCollector();
  const labels: number[] = [];
  const hasText: number[] = [];

  const read = async (part: 'train' | 'validation'): Promise<number> => {
    let labelled = 0;
    for await (const row of readRows(join(dataset.directory, `${part}.ndjson`))) {
      if (row.code === null) continue;
      if (labelled % PAUSE_EVERY === 0) await pause(context);
      hasText.push(collector.add(row) > 0 ? 1 : 0);
      labels.push(TYPE_CODES.indexOf(row.code));
      labelled += 1;
    }
    return labelled;
  };
  context.progress({ fraction: 0, message: 'Reading the texts' });
  const counts = { train: await read('train'), validation: await read('validation') };
  if (!hasText.includes(1)) {
    throw new EtiquetteError(
      'DATASET_WITHOUT_TEXT',
      `${dataset.directory} has no labelled row with text. Training needs some: look at the catalogue's report.`,
    );
  }

  const { rows, idf } = collector.finish(parameters);
  const classes = new Uint8Array(new SharedArrayBuffer(labels.length));
  classes.set(labels);
  const { weights, bias, temperature, outOfFold } = await learn({
    rows,
    classes,
    parameters,
    seed,
    threads,
    signal: context.signal,
    onProgress: (fraction) =>
      context.progress({
        fraction: READING + (1 - READING) * fraction,
        message: 'Learning the codes',
      }),
  });
  await saveNgram(join(directory, 'model'), { parameters, temperature, idf, weights, bias });
  await writeSafetensors(join(directory, 'out-of-fold.safetensors'), {
    probabilities: { shape: [labels.length, CLASSES], data: outOfFold },
    labels: { shape: [labels.length], data: Float32Array.from(labels) },
    hasText: { shape: [labels.length], data: Float32Array.from(hasText) },
  });
  return { rows: counts, epochs: [], bestEpoch: 0, parameters };
}
