import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { readEncoder } from '../../encoders/descriptor.ts';
import type { TextRecipe } from '../../family.ts';
import type { JobContext, TrainingSummary, TrainTextInput } from '../../runtime/jobs.ts';
import { writeSafetensors } from '../../runtime/safetensors.ts';
import { encodeTexts } from '../sentence/encode-texts.ts';
import { openSentenceStore } from '../sentence/store.ts';
import { type LearnJoinedInput, learnJoined } from './learn.ts';
import { loadJoined, saveJoined } from './model.ts';
import { joinedParameters } from './parameters.ts';
import { shareOf } from './share.ts';
import { labelledRows, readTrainingRows } from './training-rows.ts';

const CLASSES = TYPE_CODES.length;
/** Of the whole job, when there is an encoder and it has not seen the texts before. */
const ENCODING = 0.7;

/**
 * Hashed n-grams with linear SVMs, joined with a linear head on a sentence encoder's features where there is an
 * encoder. Trains in seconds, but for the first encoding of the texts.
 */
export const joined: TextRecipe = {
  name: 'joined',
  outOfFold: true,
  encoder: (parameters) => (joinedParameters(parameters).encoder === 'none' ? null : 'use-multilingual-3'),
  parameters: joinedParameters,
  train: (input, context) => trainJoined(input, context, availableParallelism()),
  load: loadJoined,
};

/**
 * Learns from the training and validation rows together: C and the rest are fixed, nothing is picked on validation.
 * Leaves `<directory>/model` and `<directory>/out-of-fold.safetensors`: `probabilities` [n, 27], `labels` [n]
 * (class index), `hasText` [n] of the labelled rows of train.ndjson, then validation.ndjson, in file order. The
 * number of threads changes the time only. Killed, it goes on with the texts that are not encoded yet.
 * @throws EtiquetteError DATASET_WITHOUT_TEXT, ENCODER_CHANGED, ENCODER_KIND_WRONG, and as `readEncoder`
 */
export async function trainJoined(
  input: TrainTextInput,
  context: JobContext,
  threads: number,
): Promise<TrainingSummary> {
  const { dataset, directory, seed } = input;
  const parameters = joinedParameters(input.parameters);
  const sentences = input.encoder && (await encodeAll(input, input.encoder, context, threads));
  try {
    const learning = shareOf(context, sentences ? ENCODING : 0, 1);
    learning.progress({ fraction: 0, message: 'Reading the texts' });
    const rows = await readTrainingRows(dataset, { withKeys: sentences !== null }, learning);
    const { model, outOfFold } = await learnJoined(
      { rows, parameters, seed, threads, sentences },
      shareOf(learning, 0.1, 1),
    );
    await saveJoined(join(directory, 'model'), model);
    const n = rows.classes.length;
    await writeSafetensors(join(directory, 'out-of-fold.safetensors'), {
      probabilities: { shape: [n, CLASSES], data: outOfFold },
      labels: { shape: [n], data: Float32Array.from(rows.classes) },
      hasText: { shape: [n], data: Float32Array.from(rows.hasText) },
    });
    return { rows: rows.counts, epochs: [], bestEpoch: 0, parameters };
  } finally {
    sentences?.store.close();
  }
}

/** Leaves the features of all sentences in the store. */
async function encodeAll(
  { dataset, featuresDirectory }: TrainTextInput,
  encoder: NonNullable<TrainTextInput['encoder']>,
  context: JobContext,
  threads: number,
): Promise<NonNullable<LearnJoinedInput['sentences']>> {
  const { descriptor, sha256 } = await readEncoder(encoder.file);
  if (descriptor.kind !== 'text') {
    throw new EtiquetteError(
      'ENCODER_KIND_WRONG',
      `${descriptor.name} is an encoder of pictures. Name one of texts.`,
    );
  }
  if (sha256 !== encoder.sha256) {
    throw new EtiquetteError(
      'ENCODER_CHANGED',
      `${encoder.file} is not the encoder that was planned with. Start the training again.`,
    );
  }
  const { name, output } = descriptor;
  const featureSize = output.features;
  const store = await openSentenceStore({
    directory: featuresDirectory,
    encoder: { name, sha256 },
    featureSize,
  });
  const productCount = dataset.counts.train.rows + dataset.counts.validation.rows;
  const products = labelledRows(dataset);
  await encodeTexts(
    { products, productCount, encoder: encoder.file, featureSize, store, threads },
    shareOf(context, 0, ENCODING),
  );
  return { store, featureSize };
}
