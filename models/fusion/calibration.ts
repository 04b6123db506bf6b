import { CLASSES } from '../evaluation/rows.ts';
import type { Probabilities } from '../family.ts';
import { fitTemperature, softmaxOf } from '../linear/temperature.ts';
import { fuseConvex, type ModelScores } from './convex.ts';

/** How a bundle joins its two models and says how sure it is. */
export interface Fusion {
  /** 0..1: the share of the text model where a product has both. */
  readonly textWeight: number;
  /** Below 1 the fused probabilities are sharpened, above 1 softened; 1 leaves them. The order never changes. */
  readonly temperature: number;
}

/** Joins and calibrates: row-major [n * 27], each row sums to 1. */
export function fuse(scores: ModelScores, { textWeight, temperature }: Fusion): Probabilities {
  const fused = fuseConvex({ ...scores, textWeight });
  return temperature === 1 ? fused : softmaxOf(logarithms(fused), CLASSES, temperature);
}

/**
 * The temperature that gives the rows' labels the least log loss: averaging two models makes them too unsure.
 * `scores` must be of rows that neither model has learnt from.
 */
export function calibrate(
  scores: ModelScores & { readonly labels: ArrayLike<number> },
  textWeight: number,
): number {
  return fitTemperature(logarithms(fuseConvex({ ...scores, textWeight })), scores.labels, CLASSES);
}

/** A probability that underflowed to 0 counts as the smallest float32 instead of minus infinity. */
function logarithms(probabilities: Probabilities): Float32Array {
  return probabilities.map((probability) => Math.log(Math.max(probability, 1e-38)));
}
