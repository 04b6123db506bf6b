import type { TensorFlow } from '../../training/operations.ts';
import type { Text } from './batches.ts';
import type { Dropout } from './network.ts';
import type { LstmParameters } from './parameters.ts';
import { featuresOf } from './weights.ts';

const NO_ROWS = new Int32Array(0);

/** Texts in which some words are zero vectors, others every time, so that the model leans on no single word. */
export function dropWords(texts: readonly Text[], share: number, next: () => number): readonly Text[] {
  if (share === 0) return texts;
  return texts.map((text) => text.map((rows) => (next() < share ? NO_ROWS : rows)));
}

/** Factors for a step: zero for a share of the features, and more for the rest, so that their mean stays. */
export function createDropout(
  tf: TensorFlow,
  parameters: LstmParameters,
  size: number,
  next: () => number,
): Dropout | undefined {
  const share = parameters.dropout;
  if (share === 0) return undefined;
  const factors = (width: number) =>
    new Float32Array(size * width).map(() => (next() < share ? 0 : 1 / (1 - share)));
  const { embedding } = parameters;
  const features = featuresOf(parameters);
  return {
    vectors: tf.tensor3d(factors(embedding), [1, size, embedding]),
    pooled: tf.tensor2d(factors(features), [size, features]),
  };
}
