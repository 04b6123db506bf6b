import type { Arrays } from '../../runtime/safetensors.ts';

/** Brings features to a common scale: (feature - mean) / divisor. */
export interface Scaler {
  readonly mean: Float32Array;
  readonly divisor: Float32Array;
}

/**
 * The average length of a picture's scaled features. With plain deviation 1 it would be 158 for 25,088 of
 * them: Adam moves every weight by the learning rate, so the hidden units would jump by 20 a step. On the
 * Rakuten sample 5 lowers the validation loss from 17 to 3 and raises the accuracy from .13 to .19.
 */
const LENGTH = 5;

/**
 * Measures features batch by batch, in double precision, in the order they come: the divisor is the standard
 * deviation, times what brings the whole to LENGTH.
 * @param batches row-major [n * featureSize] each
 */
export async function measureScaler(
  batches: AsyncIterable<Float32Array>,
  featureSize: number,
): Promise<Scaler> {
  const sums = new Float64Array(featureSize);
  const squares = new Float64Array(featureSize);
  let rows = 0;
  for await (const batch of batches) {
    for (let start = 0; start < batch.length; start += featureSize, rows++) {
      for (let at = 0; at < featureSize; at++) {
        const value = batch[start + at] as number;
        sums[at] = (sums[at] as number) + value;
        squares[at] = (squares[at] as number) + value * value;
      }
    }
  }
  const mean = new Float32Array(featureSize);
  const divisor = new Float32Array(featureSize);
  const factor = Math.sqrt(featureSize) / LENGTH;
  for (let at = 0; at < featureSize; at++) {
    const average = (sums[at] as number) / rows;
    const variance = (squares[at] as number) / rows - average * average;
    mean[at] = average;
    // A feature that never changes says nothing: it becomes 0, not a division by 0.
    divisor[at] = variance > 0 ? Math.sqrt(variance) * factor : 1;
  }
  return { mean, divisor };
}

/** In place. */
export function standardise(features: Float32Array, { mean, divisor }: Scaler): Float32Array {
  const featureSize = mean.length;
  for (let start = 0; start < features.length; start += featureSize) {
    for (let at = 0; at < featureSize; at++) {
      const value = features[start + at] as number;
      features[start + at] = (value - (mean[at] as number)) / (divisor[at] as number);
    }
  }
  return features;
}

export function scalerArrays({ mean, divisor }: Scaler): Arrays {
  return {
    'scaler/mean': { shape: [mean.length], data: mean },
    'scaler/divisor': { shape: [divisor.length], data: divisor },
  };
}
