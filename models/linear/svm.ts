import { random } from '../../data/random.ts';
import type { SparseRows } from './sparse-rows.ts';

export interface SvmOptions {
  /** Weight of the loss against the regulariser, scikit-learn's C. */
  readonly c: number;
  /** Training ends when the projected gradient spans less than this. */
  readonly tolerance: number;
  /** At most this many passes over the rows. */
  readonly epochs: number;
  readonly seed: number;
}

/** A hyperplane: score(x) = weights . x + bias. */
export interface Hyperplane {
  /** [columns] */
  readonly weights: Float64Array;
  readonly bias: number;
  readonly converged: boolean;
}

/**
 * A binary linear SVM with squared hinge loss and L2 regularisation (of the bias too), by dual coordinate
 * descent with shrinking: Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM" (2008),
 * which is what LIBLINEAR and scikit-learn's LinearSVC do. `positiveWeight` multiplies C of the positive rows.
 * @param picks the rows to learn from
 * @param classes of every row; rows of `positive` are the one, all others the rest
 */
export function solveOneVsRest(
  rows: SparseRows,
  picks: Uint32Array,
  classes: Uint8Array,
  positive: number,
  positiveWeight: number,
  options: SvmOptions,
): Hyperplane {
  const { starts, column, value } = rows;
  const { c, tolerance, epochs } = options;
  const n = picks.length;
  const next = random(options.seed, 'svm', positive);
  const weights = new Float64Array(rows.columns);
  let bias = 0;
  const alpha = new Float64Array(n);
  const side = new Int8Array(n);
  const curvature = new Float64Array(n);
  const active = new Uint32Array(n);
  const positiveDiagonal = 0.5 / (c * positiveWeight);
  const negativeDiagonal = 0.5 / c;
  for (let at = 0; at < n; at++) {
    const row = picks[at] as number;
    const isPositive = classes[row] === positive;
    side[at] = isPositive ? 1 : -1;
    active[at] = at;
    let squares = 1 + (isPositive ? positiveDiagonal : negativeDiagonal);
    const end = starts[row + 1] as number;
    for (let i = starts[row] as number; i < end; i++) squares += (value[i] as number) ** 2;
    curvature[at] = squares;
  }

  let size = n;
  let shrinkAbove = Number.POSITIVE_INFINITY;
  for (let epoch = 0; epoch < epochs; epoch++) {
    let largest = Number.NEGATIVE_INFINITY;
    let smallest = Number.POSITIVE_INFINITY;
    for (let last = size - 1; last > 0; last--) {
      const pick = Math.floor(next() * (last + 1));
      const swap = active[last] as number;
      active[last] = active[pick] as number;
      active[pick] = swap;
    }
    for (let s = 0; s < size; s++) {
      const at = active[s] as number;
      const row = picks[at] as number;
      const y = side[at] as number;
      const old = alpha[at] as number;
      const start = starts[row] as number;
      const end = starts[row + 1] as number;
      let score = bias;
      for (let i = start; i < end; i++) {
        score += (weights[column[i] as number] as number) * (value[i] as number);
      }
      const gradient = y * score - 1 + old * (y > 0 ? positiveDiagonal : negativeDiagonal);
      let projected = gradient;
      if (old === 0) {
        if (gradient > shrinkAbove) {
          size -= 1;
          active[s] = active[size] as number;
          active[size] = at;
          s -= 1;
          continue;
        }
        projected = Math.min(gradient, 0);
      }
      if (projected > largest) largest = projected;
      if (projected < smallest) smallest = projected;
      if (Math.abs(projected) <= 1e-12) continue;
      const changed = Math.max(old - gradient / (curvature[at] as number), 0);
      alpha[at] = changed;
      const step = (changed - old) * y;
      for (let i = start; i < end; i++) {
        const where = column[i] as number;
        weights[where] = (weights[where] as number) + step * (value[i] as number);
      }
      bias += step;
    }
    if (largest - smallest <= tolerance) {
      if (size === n) return { weights, bias, converged: true };
      // Converged on what is left: the rows that were set aside must agree.
      size = n;
      shrinkAbove = Number.POSITIVE_INFINITY;
    } else {
      shrinkAbove = largest > 0 ? largest : Number.POSITIVE_INFINITY;
    }
  }
  return { weights, bias, converged: false };
}

/** The score of one row. */
export function scoreOf(rows: SparseRows, row: number, { weights, bias }: Hyperplane): number {
  let score = bias;
  const end = rows.starts[row + 1] as number;
  for (let i = rows.starts[row] as number; i < end; i++) {
    score += (weights[rows.column[i] as number] as number) * (rows.value[i] as number);
  }
  return score;
}
