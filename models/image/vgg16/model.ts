import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node';
import { z } from 'zod';
import { writeAtomic } from '../../../data/atomic.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { PixelForm } from '../../drift/picture-statistics.ts';
import type { ImageModel } from '../../family.ts';
import { type Arrays, readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { tensorflow } from '../../runtime/tensorflow.ts';
import { decodePicture } from '../picture.ts';
import { type ConvolutionEngine, inOnnxRuntime, inTensorFlow } from './convolutions.ts';
import { createHead, HEAD_WEIGHTS, type HeadWeight } from './head.ts';
import { type Vgg16Parameters, vgg16Schema } from './parameters.ts';
import { type Scaler, scalerArrays, standardise } from './scaler.ts';

const WEIGHTS = 'head.safetensors';
const DESCRIPTION = 'image.json';

/** As `decodePicture` makes them: blue first and less ImageNet's mean, or as they are. */
const CAFFE: PixelForm = {
  ...{ layout: 'NHWC', channels: [2, 1, 0] },
  ...{ mean: [123.68, 116.779, 103.939], scale: [1, 1, 1] },
};
const RAW: PixelForm = { layout: 'NHWC', channels: [0, 1, 2], mean: [0, 0, 0], scale: [1, 1, 1] };

/** What computes the convolutions: TensorFlow in float, or onnxruntime in 8 bits, with a file in the model's folder. */
const descriptionSchema = z.object({
  parameters: vgg16Schema,
  engine: z.enum(['tensorflow', 'onnxruntime-int8']).default('tensorflow'),
});
export type Vgg16Engine = z.infer<typeof descriptionSchema>['engine'];

export interface Vgg16Head {
  /** Absent: TensorFlow. */
  readonly engine?: Vgg16Engine;
  readonly parameters: Vgg16Parameters;
  /** By the names of HEAD_WEIGHTS; columns of the output in TYPE_CODES order. */
  readonly weights: Arrays;
  /** null when the head was trained on features as they are. */
  readonly scaler: Scaler | null;
}

/** Writes a model folder, as it goes into a bundle: image.json and head.safetensors. */
export async function saveVgg16Head(
  directory: string,
  { parameters, weights, scaler, engine }: Vgg16Head,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeSafetensors(join(directory, WEIGHTS), { ...weights, ...(scaler ? scalerArrays(scaler) : {}) });
  await writeAtomic(
    join(directory, DESCRIPTION),
    `${JSON.stringify({ recipe: 'vgg16', parameters, engine }, null, 2)}\n`,
  );
}

/** @throws EtiquetteError MODEL_FILE_CORRUPT. */
export async function readVgg16Head(
  directory: string,
): Promise<Vgg16Head & { readonly engine: Vgg16Engine }> {
  const description = join(directory, DESCRIPTION);
  const corrupt = (cause?: unknown) =>
    new EtiquetteError(
      'MODEL_FILE_CORRUPT',
      `The picture model in ${directory} is damaged. Train it again.`,
      { cause },
    );
  let described: z.infer<typeof descriptionSchema>;
  try {
    described = descriptionSchema.parse(JSON.parse(await readFile(description, 'utf8')));
  } catch (cause) {
    throw corrupt(cause);
  }
  const weights = await readSafetensors(join(directory, WEIGHTS));
  if (HEAD_WEIGHTS.some((name) => weights[name] === undefined)) throw corrupt();
  const mean = weights['scaler/mean']?.data;
  const divisor = weights['scaler/divisor']?.data;
  const scaler = mean && divisor ? { mean, divisor } : null;
  if (described.parameters.standardise !== (scaler !== null)) throw corrupt();
  return { ...described, weights, scaler };
}

/**
 * Loads a model folder. Without `encoderFile` it classifies features and cannot encode pictures. Where the engine that
 * the folder names does not run, TensorFlow stands in, and a line on the console says so.
 * @throws EtiquetteError MODEL_FILE_CORRUPT, ENCODER_FILE_INVALID, ENCODER_MISMATCH.
 */
export async function loadVgg16Model(directory: string, encoderFile: string | null): Promise<ImageModel> {
  const { parameters, weights, scaler, engine } = await readVgg16Head(directory);
  const tf = await tensorflow();
  const { size } = parameters;
  const featureSize = weights['hidden/kernel']?.shape[0] ?? 0;
  const inFloat = (file: string) => inTensorFlow(tf, file, size);
  let encoder: ConvolutionEngine | null = null;
  if (encoderFile && engine === 'tensorflow') encoder = await inFloat(encoderFile);
  else if (encoderFile) {
    encoder = await inOnnxRuntime(directory, { size, featureSize }).catch((error: unknown) => {
      console.warn(`${engine} does not run here, TensorFlow computes instead, three times as long: ${error}`);
      return inFloat(encoderFile);
    });
  }
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
    form: parameters.mode === 'caffe' ? CAFFE : RAW,
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
