import { z } from 'zod';
import { parseParameters } from '../../parameters.ts';
import type { Parameters } from '../../runtime/jobs.ts';

const whole = (fallback: number, least: number, most: number) =>
  z.number().int().min(least).max(most).default(fallback);

export const lstmSchema = z.strictObject({
  /** Rows of the embedding: the most frequent words, padding and <OOV> included. */
  words: whole(10_000, 3, 1_000_000),
  embedding: whole(128, 1, 4_096),
  units: whole(128, 1, 4_096),
  /** Words read of each product. */
  length: whole(40, 1, 1_000),
  /** Before or after the words; the original's imported models were trained with padding after them. */
  padding: z.enum(['pre', 'post']).default('pre'),
  /** How a product's text becomes words; original: for the original's imported models. */
  cleaning: z.enum(['french', 'original']).default('french'),
  batchSize: whole(32, 1, 4_096),
  /** At most this many; early stopping mostly ends sooner. */
  epochs: whole(30, 1, 1_000),
  /** Epochs without a lower validation loss before training stops. */
  patience: whole(3, 1, 1_000),
  learningRate: z.number().min(1e-6).max(1).default(0.001),
});

export type LstmParameters = z.infer<typeof lstmSchema>;

/** @throws EtiquetteError PARAMETER_INVALID naming every wrong parameter and what it may be. */
export function lstmParameters(overrides: Parameters): LstmParameters {
  return parseParameters(lstmSchema, 'text', overrides);
}
