import { z } from 'zod';
import { parseParameters } from '../../parameters.ts';
import type { Parameters } from '../../runtime/jobs.ts';

const whole = (fallback: number, least: number, most: number) =>
  z.number().int().min(least).max(most).default(fallback);
const share = (fallback: number) => z.number().min(0).max(0.9).default(fallback);

export const lstmSchema = z.strictObject({
  /** Rows of the embedding table for the most frequent words, padding and <OOV> included. */
  words: whole(10_000, 3, 1_000_000),
  /** Rows below them that character n-grams are hashed to; 0: a word is its own row alone. */
  subwords: whole(16_384, 0, 10_000_000),
  embedding: whole(128, 1, 4_096),
  /** Of each direction. */
  units: whole(64, 1, 4_096),
  /** Whether a second LSTM reads the words from the last to the first. */
  bidirectional: z.boolean().default(true),
  /** What the answer is made of: the output after the last word, or the largest and the mean of all outputs. */
  pooling: z.enum(['last', 'max-mean']).default('max-mean'),
  /** Words read of each product. */
  length: whole(40, 1, 1_000),
  /** masked: a short text is read as it is. pre, post: filled up with padding that is read like words. */
  padding: z.enum(['masked', 'pre', 'post']).default('masked'),
  /** How a product's text becomes words; original: for the original's imported models. */
  cleaning: z.enum(['french', 'original']).default('french'),
  /** Share of the words that an epoch leaves out, others in each. */
  wordDropout: share(0.3),
  /** Share of a text's features that a step leaves out, of its words' vectors and of the pooled outputs. */
  dropout: share(0.4),
  /** Share of every label that is spread over all codes: less sure of itself, a model goes on learning for longer. */
  labelSmoothing: share(0.1),
  batchSize: whole(32, 1, 4_096),
  /** At most this many; early stopping mostly ends sooner. */
  epochs: whole(30, 1, 1_000),
  /** Epochs without a lower validation loss before training stops. */
  patience: whole(5, 1, 1_000),
  learningRate: z.number().min(1e-6).max(1).default(0.003),
});

export type LstmParameters = z.infer<typeof lstmSchema>;

/** One LSTM, a vector a word, the last output: what models are whose files do not name these parameters. */
export const PLAIN_LSTM = {
  ...{ subwords: 0, bidirectional: false, pooling: 'last', wordDropout: 0, dropout: 0, labelSmoothing: 0 },
} as const satisfies Partial<LstmParameters>;

/** All of the original's form: to import its models, and to compare with. */
export const ORIGINAL_LSTM = {
  ...PLAIN_LSTM,
  ...{ words: 10_000, embedding: 128, units: 128, length: 10, padding: 'post', cleaning: 'original' },
  ...{ batchSize: 32, patience: 3, learningRate: 0.001 },
} as const satisfies Partial<LstmParameters>;

/** @throws EtiquetteError PARAMETER_INVALID naming every wrong parameter and what it may be. */
export function lstmParameters(overrides: Parameters): LstmParameters {
  return parseParameters(lstmSchema, 'text', overrides);
}
