import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../../data/atomic.ts';
import { readRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { ImageModel, ImageRecipe } from '../../family.ts';
import type { SoftmaxModel } from '../../linear/softmax.ts';
import { parseParameters } from '../../parameters.ts';
import type { Parameters, TrainImageInput, TrainingSummary } from '../../runtime/jobs.ts';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { openFeatures } from '../features.ts';
import { computeFeatures, encodeBothWays, openSession } from './compute.ts';
import { type BothWays, predictHead, trainHead } from './head.ts';

const CLASSES = TYPE_CODES.length;
const HEAD = 'head.safetensors';

/** What pictures look like is the encoder's business; the head has nothing to choose. */
const schema = z.strictObject({});

/**
 * A frozen encoder with a descriptor, EfficientNet-Lite0 unless another is configured, and a linear head on the
 * features of each picture from both sides.
 */
export const efficientnet: ImageRecipe = {
  name: 'efficientnet',
  encoder: 'efficientnet-lite0',
  parameters,
  computeFeatures,
  train,
  load,
};

function parameters(overrides: Parameters): Parameters {
  return parseParameters(schema, 'image', overrides);
}

/** Trains in seconds, so a killed training simply begins again. Validation rows are left for the fusion. */
async function train({ dataset, directory, shards }: TrainImageInput): Promise<TrainingSummary> {
  const pictures: string[] = [];
  const labels: number[] = [];
  for await (const { picture, code } of readRows(join(dataset.directory, 'train.ndjson'))) {
    if (picture === null || code === null) continue;
    pictures.push(picture.sha256);
    labels.push(TYPE_CODES.indexOf(code));
  }
  if (pictures.length === 0) {
    throw new EtiquetteError(
      'DATASET_WITHOUT_PICTURES',
      `${dataset.directory} has no labelled training row with a picture. Training needs some: look at the catalogue's report.`,
    );
  }
  const features = await openFeatures(shards);
  try {
    const size = features.featureSize / 2;
    const head = trainHead(bothWays(await features.read(pictures), size), labels, CLASSES);
    const model = join(directory, 'model');
    await writeAtomic(
      join(model, 'image.json'),
      `${JSON.stringify({ format: 1, recipe: 'efficientnet' })}\n`,
    );
    await writeSafetensors(join(model, HEAD), {
      weights: { shape: [CLASSES, size], data: Float32Array.from(head.weights) },
      bias: { shape: [CLASSES], data: Float32Array.from(head.bias) },
    });
  } finally {
    await features.close();
  }
  const rows = { train: pictures.length, validation: dataset.counts.validation.pictures };
  return { rows, epochs: [], bestEpoch: 0, parameters: parameters({}) };
}

async function load(directory: string, encoder: string | null): Promise<ImageModel> {
  await readFile(join(directory, 'image.json'));
  const { weights, bias } = await readSafetensors(join(directory, HEAD));
  const size = weights?.shape[1];
  if (!weights || size === undefined || weights.shape[0] !== CLASSES || bias?.data.length !== CLASSES) {
    const message = `${join(directory, HEAD)} is no head for ${CLASSES} codes. Train it again.`;
    throw new EtiquetteError('MODEL_FILE_CORRUPT', message);
  }
  const head: SoftmaxModel = { weights: weights.data, bias: bias.data };
  const opened = encoder === null ? null : await openSession(encoder);
  if (opened && opened.featureSize !== size) {
    await opened.release();
    throw new EtiquetteError(
      'ENCODER_MISMATCH',
      `The picture model in ${directory} wants ${size} features and ${encoder} gives ${opened.featureSize}. ` +
        'Use the encoder that its bundle names.',
    );
  }
  const session = () => {
    if (!opened) throw new Error('this picture model was loaded without its encoder');
    return opened;
  };
  return {
    featureSize: 2 * size,
    layout: 'NCHW',
    prepare: async (picture) => session().prepare(picture),
    encode: async (pixels) => encodeBothWays(session(), pixels),
    classify: async (features) => predictHead(head, bothWays(features, size)),
    dispose() {
      opened?.release().catch(() => {});
    },
  };
}

/** Splits rows of plain | mirrored features. */
function bothWays(rows: Float32Array, size: number): BothWays {
  const count = rows.length / (2 * size);
  const plain = new Float32Array(count * size);
  const mirrored = new Float32Array(count * size);
  for (let row = 0; row < count; row++) {
    const from = row * 2 * size;
    plain.set(rows.subarray(from, from + size), row * size);
    mirrored.set(rows.subarray(from + size, from + 2 * size), row * size);
  }
  return { plain, mirrored, size };
}
