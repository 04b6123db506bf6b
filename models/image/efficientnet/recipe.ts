import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { PixelForm } from '../../drift/picture-statistics.ts';
import { readDescriptor } from '../../encoders/descriptor.ts';
import type { ImageModel, ImageRecipe } from '../../family.ts';
import type { SoftmaxModel } from '../../linear/softmax.ts';
import { parseParameters } from '../../parameters.ts';
import type { Parameters } from '../../runtime/jobs.ts';
import { readSafetensors } from '../../runtime/safetensors.ts';
import { computeFeatures, openSession } from './compute.ts';
import { predictHead } from './head.ts';
import { HEAD, trainHead } from './train.ts';

const CLASSES = TYPE_CODES.length;
const AS_THEY_ARE = { channels: [0, 1, 2], mean: [0, 0, 0], scale: [1, 1, 1] } as const;

/** What pictures look like is the encoder's business; the head has nothing to choose. */
const schema = z.strictObject({});

/**
 * A frozen encoder with a descriptor, EfficientNet-Lite0 unless another is configured, and a linear head on its
 * features. Each picture is seen as it is: its mirror image, to learn from or to ask again, earned nothing on the
 * Rakuten sample and doubled the cost.
 */
export const efficientnet: ImageRecipe = {
  name: 'efficientnet',
  encoder: 'efficientnet-lite0',
  outOfFold: true,
  parameters,
  computeFeatures,
  train: async (input, context) => ({ ...(await trainHead(input, context)), parameters: parameters({}) }),
  load,
};

function parameters(overrides: Parameters): Parameters {
  return parseParameters(schema, 'image', overrides);
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
  const form = await formOf(encoder);
  const session = () => {
    if (!opened) throw new Error('this picture model was loaded without its encoder');
    return opened;
  };
  return {
    featureSize: size,
    form,
    prepare: async (picture) => session().prepare(picture),
    encode: async (pixels) => session().encode(pixels),
    classify: async (features) => predictHead(head, features),
    dispose() {
      opened?.release().catch(() => {});
    },
  };
}

/** Without an encoder nobody has pixels. */
async function formOf(encoder: string | null): Promise<PixelForm> {
  const own = encoder === null ? null : (await readDescriptor(encoder)).descriptor;
  if (own?.kind !== 'image') return { layout: 'NCHW', ...AS_THEY_ARE };
  const { layout, mean, scale } = own.input;
  return { layout, channels: [0, 1, 2], mean, scale };
}
