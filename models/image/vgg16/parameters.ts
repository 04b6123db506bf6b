import { z } from 'zod';
import { parseParameters } from '../../parameters.ts';
import type { Parameters } from '../../runtime/jobs.ts';
import { pictureSchema } from './picture-parameters.ts';

const whole = (fallback: number, least: number, most: number) =>
  z.number().int().min(least).max(most).default(fallback);

export const vgg16Schema = z.strictObject({
  ...pictureSchema.shape,
  /** Units of the head's hidden layer. */
  hidden: whole(256, 1, 8_192),
  /** Brings features to a common scale, measured on the training pictures; without it some never train. */
  standardise: z.boolean().default(true),
  batchSize: whole(32, 1, 4_096),
  /** At most this many; early stopping mostly ends sooner. */
  epochs: whole(30, 1, 1_000),
  /** Epochs without a lower validation loss before training stops. */
  patience: whole(3, 1, 1_000),
  learningRate: z.number().min(1e-6).max(1).default(0.001),
});

export type Vgg16Parameters = z.infer<typeof vgg16Schema>;

/** @throws EtiquetteError PARAMETER_INVALID naming every wrong parameter and what it may be. */
export function vgg16Parameters(overrides: Parameters): Vgg16Parameters {
  return parseParameters(vgg16Schema, 'image', overrides);
}
