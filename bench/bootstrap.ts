import { random } from '../data/random.ts';
import { confusionMatrixOf, scoresOf } from '../models/evaluation/classification.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1000;

/** scikit-learn's weighted F1 of answers (class indexes). */
export function weightedF1(labels: ArrayLike<number>, answers: ArrayLike<number>): number {
  return scoresOf(confusionMatrixOf(labels, (row) => answers[row])).weightedF1;
}

/**
 * The middle 95 % of a figure over 1,000 resamples of n rows, drawn with replacement; the same seed draws the
 * same rows, so two figures over the same rows can be compared resample by resample.
 */
export function bootstrap(n: number, figure: (rows: Int32Array) => number, seed = 1): Interval {
  const next = random(seed, 'bootstrap');
  const rows = new Int32Array(n);
  const figures = Float64Array.from({ length: RESAMPLES }, () => {
    for (let at = 0; at < n; at++) rows[at] = Math.floor(next() * n);
    return figure(rows);
  }).sort();
  return { low: figures[RESAMPLES * 0.025] ?? 0, high: figures[RESAMPLES * 0.975 - 1] ?? 0 };
}

/** The interval of the weighted F1 of answers. */
export function f1Interval(labels: ArrayLike<number>, answers: ArrayLike<number>): Interval {
  return bootstrap(labels.length, (rows) => weightedF1(pick(labels, rows), pick(answers, rows)));
}

/** The interval of how far the F1 of `a` lies above that of `b`, both on the same resampled rows. */
export function leadInterval(
  labels: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Interval {
  return bootstrap(labels.length, (rows) => {
    const drawn = pick(labels, rows);
    return weightedF1(drawn, pick(a, rows)) - weightedF1(drawn, pick(b, rows));
  });
}

function pick(values: ArrayLike<number>, rows: Int32Array): Int32Array {
  return rows.map((row) => values[row] ?? 0);
}
