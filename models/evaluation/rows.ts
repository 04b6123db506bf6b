import { TYPE_CODES } from '../../data/type-codes.ts';

/** Columns of every probability row, in TYPE_CODES order. */
export const CLASSES = TYPE_CODES.length;

/** Probabilities of n products over TYPE_CODES, row-major [n * 27]; each row sums to 1. */
export type Probabilities = Float32Array;

/**
 * The class index with the highest probability in row `row` of a row-major [n * 27] array.
 * A tie goes to the lower index, as numpy's argmax does.
 */
export function topClass(probabilities: ArrayLike<number>, row: number): number {
  const start = row * CLASSES;
  let top = 0;
  for (let column = 1; column < CLASSES; column++) {
    if ((probabilities[start + column] ?? 0) > (probabilities[start + top] ?? 0)) top = column;
  }
  return top;
}

/** Zero when the whole is zero: scikit-learn's zero_division=0. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
