import type { Arrays } from '../../runtime/safetensors.ts';

/** Brings each feature to mean 0 and deviation 1: (feature - mean) / deviation. */
export interface Scaler {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/**
 * Measures features batch by batch, in double precision, in the order they come.
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
  const deviation = new Float32Array(featureSize);
  for (let at = 0; at < featureSize; at++) {
    const average = (sums[at] as number) / rows;
    const variance = (squares[at] as number) / rows - average * average;
    mean[at] = average;
    // A feature that never changes says nothing: it becomes 0, not a division by 0.
    deviation[at] = variance > 0 ? Math.sqrt(variance) : 1;
  }
  return { mean, deviation };
}

/** In place. */
export function standardise(features: Float32Array, { mean, deviation }: Scaler): Float32Array {
  const featureSize = mean.length;
  for (let start = 0; start < features.length; start += featureSize) {
    for (let at = 0; at < featureSize; at++) {
      const value = features[start + at] as number;
      features[start + at] = (value - (mean[at] as number)) / (deviation[at] as number);
    }
  }
  return features;
}

export function scalerArrays({ mean, deviation }: Scaler): Arrays {
  return {
    'scaler/mean': { shape: [mean.length], data: mean },
    'scaler/deviation': { shape: [deviation.length], data: deviation },
  };
}
