import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { canonicalJson } from '../../bundle/format.ts';
import type { ImageRecipe } from '../../family.ts';
import { rowWeights } from '../../linear/row-weights.ts';
import type { JobContext, TrainImageInput, TrainingSummary } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { tensorflow } from '../../runtime/tensorflow.ts';
import { fit } from '../../training/fit.ts';
import { type Features, openFeatures } from '../features.ts';
import { computeFeatures } from './compute.ts';
import { createHeadLearner, type LabelledPictures } from './learner.ts';
import { loadVgg16Model, saveVgg16Head } from './model.ts';
import { vgg16Parameters } from './parameters.ts';
import { quicken } from './quicken.ts';
import { measureScaler } from './scaler.ts';

/** The original's picture model: VGG16's convolutions, frozen, and a dense head trained on their features. */
export const vgg16: ImageRecipe = {
  name: 'vgg16',
  encoder: 'vgg16',
  outOfFold: false,
  parameters: vgg16Parameters,
  computeFeatures,
  train,
  quicken,
  load: loadVgg16Model,
};

/** Trains as `fit` promises: killed anywhere it goes on after the last finished epoch, to the same bits. */
async function train(input: TrainImageInput, context: JobContext): Promise<TrainingSummary> {
  const parameters = vgg16Parameters(input.parameters);
  const { dataset, directory, seed } = input;
  const parts = {
    train: await readPictures(join(dataset.directory, 'train.ndjson')),
    validation: await readPictures(join(dataset.directory, 'validation.ndjson')),
  };
  const features = await openFeatures(input.shards);
  try {
    const batches = readBatches(features, parts.train.pictures, parameters.batchSize, context);
    const scaler = parameters.standardise ? await measureScaler(batches, features.featureSize) : null;
    const tf = await tensorflow();
    const learner = createHeadLearner(tf, parts, features, scaler, parameters, seed);
    const inputs = { dataset: dataset.version, parameters, seed, encoder: features.encoder };
    const { weights, epochs, bestEpoch } = await fit(
      tf,
      learner,
      { ...parameters, directory, fingerprint: hash(canonicalJson(inputs)) },
      context,
    );
    await saveVgg16Head(join(directory, 'model'), { parameters, weights, scaler });
    const rows = { train: parts.train.classes.length, validation: parts.validation.classes.length };
    return { rows, epochs, bestEpoch, parameters };
  } finally {
    await features.close();
  }
}

/** Rows without a picture or a code take no part. */
async function readPictures(file: string): Promise<LabelledPictures> {
  const pictures: string[] = [];
  const classes: number[] = [];
  const weights: number[] = [];
  for await (const { picture, code, weight = 1 } of readRows(file)) {
    if (picture === null || code === null) continue;
    pictures.push(picture.sha256);
    classes.push(TYPE_CODES.indexOf(code));
    weights.push(weight);
  }
  if (pictures.length === 0) {
    throw new EtiquetteError(
      'DATASET_WITHOUT_PICTURES',
      `${file} has no labelled row with a picture. Training needs some: look at the catalogue's report.`,
    );
  }
  return { pictures, classes, weights: rowWeights(weights) };
}

async function* readBatches(
  features: Features,
  pictures: readonly string[],
  batchSize: number,
  context: JobContext,
): AsyncGenerator<Float32Array> {
  for (let from = 0; from < pictures.length; from += batchSize) {
    await pause(context);
    yield await features.read(pictures.slice(from, from + batchSize));
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
