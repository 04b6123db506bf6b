import { TYPE_CODES, type TypeCode } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import type { Metrics } from '../bundle/format.ts';
import { CLASSES, ratio, sum } from './rows.ts';

export type Scores = Metrics['fused'];

export interface CodeScores {
  readonly code: TypeCode;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Rows that truly have this code. */
  readonly support: number;
}

/** How often products of one code were taken for another; `share` is of the products of `actual`. */
export interface Confusion {
  readonly actual: TypeCode;
  readonly predicted: TypeCode;
  readonly count: number;
  readonly share: number;
}

/** Counts [actual][predicted]; rows for which `predict` answers undefined do not count. */
export function confusionMatrixOf(
  labels: ArrayLike<number>,
  predict: (row: number) => number | undefined,
): number[][] {
  const matrix = TYPE_CODES.map(() => new Array<number>(CLASSES).fill(0));
  for (let row = 0; row < labels.length; row++) {
    const actual = matrix[labels[row] ?? -1];
    if (!actual) {
      const message = `Label ${labels[row]} of row ${row} is no class index (0..${CLASSES - 1}).`;
      throw new EtiquetteError('SCORES_SHAPE_INVALID', message);
    }
    const predicted = predict(row);
    if (predicted !== undefined) actual[predicted] = (actual[predicted] ?? 0) + 1;
  }
  return matrix;
}

/** scikit-learn's definitions with zero_division=0: a figure that would divide by zero is 0. */
export function perCodeOf(matrix: readonly (readonly number[])[]): CodeScores[] {
  return TYPE_CODES.map((code, index) => {
    const right = matrix[index]?.[index] ?? 0;
    const support = sum(matrix[index] ?? []);
    const predicted = sum(matrix.map((row) => row[index] ?? 0));
    const precision = ratio(right, predicted);
    const recall = ratio(right, support);
    return { code, precision, recall, f1: ratio(2 * right, support + predicted), support };
  });
}

/** Macro F1 is the mean over codes that occur among the labels or the answers, as in scikit-learn. */
export function scoresOf(matrix: readonly (readonly number[])[]): Scores {
  const perCode = perCodeOf(matrix);
  const n = sum(perCode.map(({ support }) => support));
  const right = sum(matrix.map((row, index) => row[index] ?? 0));
  const occurring = perCode.filter(
    ({ support }, index) => support + sum(matrix.map((row) => row[index] ?? 0)),
  );
  return {
    n,
    accuracy: ratio(right, n),
    weightedF1: ratio(sum(perCode.map(({ f1, support }) => f1 * support)), n),
    macroF1: ratio(sum(occurring.map(({ f1 }) => f1)), occurring.length),
  };
}

export function confusionsOf(matrix: readonly (readonly number[])[]): Confusion[] {
  const found = matrix.flatMap((row, actual) =>
    row.flatMap((count, predicted) => {
      const codes = { actual: TYPE_CODES[actual], predicted: TYPE_CODES[predicted] };
      if (actual === predicted || count === 0 || !codes.actual || !codes.predicted) return [];
      return [{ actual: codes.actual, predicted: codes.predicted, count, share: count / sum(row) }];
    }),
  );
  return found.sort((a, b) => b.count - a.count || b.share - a.share || a.actual - b.actual);
}
