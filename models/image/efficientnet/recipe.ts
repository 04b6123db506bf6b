import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../../data/atomic.ts';
import { readRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { prepareImage } from '../../encoders/image-input.ts';
import type { ImageModel, ImageRecipe } from '../../family.ts';
import type { SoftmaxModel } from '../../linear/softmax.ts';
import { parseParameters } from '../../parameters.ts';
import type { Parameters, TrainImageInput, TrainingSummary } from '../../runtime/jobs.ts';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { openFeatures } from '../features.ts';
import { LITE0 } from './architecture.ts';
import { computeFeatures, encodeBothWays, openSession } from './compute.ts';
import { type BothWays, predictHead, trainHead } from './head.ts';
import { LITE0_INPUT } from './input.ts';

const CLASSES = TYPE_CODES.length;
const SIZE = LITE0.features;
const HEAD = 'head.safetensors';

/** Its picture size is the encoder's; the head has nothing to choose. */
const schema = z.strictObject({ size: z.literal(LITE0.size).default(LITE0.size) });

/** EfficientNet-Lite0, frozen, and a linear head on the features of each picture from both sides. */
export const efficientnet: ImageRecipe = {
  name: 'efficientnet',
  encoder: 'efficientnet-lite0',
  parameters,
  prepare: (picture) => prepareImage(picture, LITE0_INPUT),
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
    const head = trainHead(bothWays(await features.read(pictures)), labels, CLASSES);
    const model = join(directory, 'model');
    await writeAtomic(
      join(model, 'image.json'),
      `${JSON.stringify({ format: 1, recipe: 'efficientnet' })}\n`,
    );
    await writeSafetensors(join(model, HEAD), {
      weights: { shape: [CLASSES, SIZE], data: Float32Array.from(head.weights) },
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
  if (weights?.data.length !== CLASSES * SIZE || bias?.data.length !== CLASSES) {
    const message = `${join(directory, HEAD)} is no head for ${SIZE} features. Train it again.`;
    throw new EtiquetteError('MODEL_FILE_CORRUPT', message);
  }
  const head: SoftmaxModel = { weights: weights.data, bias: bias.data };
  const session = encoder === null ? null : await openSession(encoder);
  return {
    featureSize: 2 * SIZE,
    async encode(pixels) {
      if (!session) throw new Error('this picture model was loaded without its encoder');
      return encodeBothWays(session, pixels);
    },
    classify: async (features) => predictHead(head, bothWays(features)),
    dispose() {
      session?.release().catch(() => {});
    },
  };
}

/** Splits rows of plain | mirrored features. */
function bothWays(rows: Float32Array): BothWays {
  const count = rows.length / (2 * SIZE);
  const plain = new Float32Array(count * SIZE);
  const mirrored = new Float32Array(count * SIZE);
  for (let row = 0; row < count; row++) {
    const from = row * 2 * SIZE;
    plain.set(rows.subarray(from, from + SIZE), row * SIZE);
    mirrored.set(rows.subarray(from + SIZE, from + 2 * SIZE), row * SIZE);
  }
  return { plain, mirrored, size: SIZE };
}
