import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node';
import { writeAtomic } from '../../../data/atomic.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { ImageModel } from '../../family.ts';
import { type Arrays, readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { tensorflow } from '../../runtime/tensorflow.ts';
import { decodePicture } from '../picture.ts';
import { createVgg16Encoder } from './encoder.ts';
import { loadVgg16 } from './encoder-file.ts';
import { createHead, HEAD_WEIGHTS, type HeadWeight } from './head.ts';
import { type Vgg16Parameters, vgg16Schema } from './parameters.ts';
import { type Scaler, scalerArrays, standardise } from './scaler.ts';

const WEIGHTS = 'head.safetensors';
const DESCRIPTION = 'image.json';

export interface Vgg16Head {
  readonly parameters: Vgg16Parameters;
  /** By the names of HEAD_WEIGHTS; columns of the output in TYPE_CODES order. */
  readonly weights: Arrays;
  /** null when the head was trained on features as they are. */
  readonly scaler: Scaler | null;
}

/** Writes a model folder, as it goes into a bundle: image.json and head.safetensors. */
export async function saveVgg16Head(
  directory: string,
  { parameters, weights, scaler }: Vgg16Head,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeSafetensors(join(directory, WEIGHTS), { ...weights, ...(scaler ? scalerArrays(scaler) : {}) });
  await writeAtomic(
    join(directory, DESCRIPTION),
    `${JSON.stringify({ recipe: 'vgg16', parameters }, null, 2)}\n`,
  );
}

/** @throws EtiquetteError MODEL_FILE_CORRUPT. */
async function readVgg16Head(directory: string): Promise<Vgg16Head> {
  const description = join(directory, DESCRIPTION);
  const corrupt = (cause?: unknown) =>
    new EtiquetteError(
      'MODEL_FILE_CORRUPT',
      `The picture model in ${directory} is damaged. Train it again.`,
      { cause },
    );
  let parameters: Vgg16Parameters;
  try {
    parameters = vgg16Schema.parse(JSON.parse(await readFile(description, 'utf8')).parameters);
  } catch (cause) {
    throw corrupt(cause);
  }
  const weights = await readSafetensors(join(directory, WEIGHTS));
  if (HEAD_WEIGHTS.some((name) => weights[name] === undefined)) throw corrupt();
  const mean = weights['scaler/mean']?.data;
  const divisor = weights['scaler/divisor']?.data;
  const scaler = mean && divisor ? { mean, divisor } : null;
  if (parameters.standardise !== (scaler !== null)) throw corrupt();
  return { parameters, weights, scaler };
}

/**
 * Loads a model folder. Without `encoderFile` it classifies features and cannot encode pictures.
 * @throws EtiquetteError MODEL_FILE_CORRUPT, ENCODER_FILE_INVALID, ENCODER_MISMATCH.
 */
export async function loadVgg16Model(directory: string, encoderFile: string | null): Promise<ImageModel> {
  const { parameters, weights, scaler } = await readVgg16Head(directory);
  const tf = await tensorflow();
  const encoder = encoderFile ? createVgg16Encoder(tf, await loadVgg16(encoderFile), parameters.size) : null;
  const featureSize = weights['hidden/kernel']?.shape[0] ?? 0;
  if (encoder && encoder.featureSize !== featureSize) {
    encoder.dispose();
    throw new EtiquetteError(
      'ENCODER_MISMATCH',
      `The picture model in ${directory} wants ${featureSize} features and ${encoderFile} gives ` +
        `${encoder.featureSize}. Use the encoder that its bundle names.`,
    );
  }
  const head = createHead(tf);
  const tensors = new Map<HeadWeight, Tensor>();
  for (const name of HEAD_WEIGHTS) {
    const { data, shape } = weights[name] as Arrays[string];
    tensors.set(name, tf.tensor(data, [...shape], 'float32'));
  }
  const weight = (name: HeadWeight) => tensors.get(name) as Tensor;

  return {
    featureSize,
    layout: 'NHWC',
    prepare: (picture) => decodePicture(picture, parameters),
    async encode(pixels) {
      if (!encoder) throw new Error('this picture model was loaded without its encoder');
      return encoder.encode(pixels);
    },
    async classify(features, count) {
      if (count === 0) return new Float32Array(0);
      const input = scaler ? standardise(features.slice(), scaler) : features;
      const probabilities = tf.tidy(() =>
        head.logits(weight, tf.tensor2d(input, [count, featureSize])).softmax(),
      );
      const rows = probabilities.dataSync<'float32'>();
      probabilities.dispose();
      return rows;
    },
    dispose() {
      encoder?.dispose();
      for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}
