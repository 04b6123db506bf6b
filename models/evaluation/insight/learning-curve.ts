import { sum } from '../rows.ts';

/** error = constant * rows ^ -exponent, with an exponent somewhere between low and high. */
export interface LearningCurve {
  readonly low: number;
  readonly high: number;
  /** false: these codes do not show it, and the range is what other text classifiers showed. */
  readonly measured: boolean;
}

export interface CurvePoint {
  /** Rows the model learnt from. */
  readonly rows: number;
  /** 1 - F1. */
  readonly error: number;
  /** Rows the error was measured on. */
  readonly weight: number;
}

/**
 * Exponents of Hestness et al. 2017 ("Deep Learning Scaling is Predictable, Empirically") lie between 0.07 and
 * 0.35; this project's linear text model went from 0.464 over 0.389 to 0.328 with 25, 50 and 100 % of 1,661 real
 * rows (docs/benchmarks.md), which is 0.25.
 */
const ELSEWHERE: LearningCurve = { low: 0.1, high: 0.35, measured: false };
const MOST = 0.6;
const LEAST_POINTS = 8;
const LEAST_SPREAD = 4;

/**
 * Fits the power law through codes of different size. Codes differ in difficulty too, so this is believed only
 * when there are enough codes, the largest has several times the rows of the smallest, and the whole 95 %
 * interval says that more rows mean less error; else the range is that of ELSEWHERE.
 */
export function fitLearningCurve(points: readonly CurvePoint[]): LearningCurve {
  const usable = points.filter(({ rows, weight }) => rows > 0 && weight > 0);
  const sizes = usable.map(({ rows }) => rows);
  if (usable.length < LEAST_POINTS || Math.max(...sizes) < LEAST_SPREAD * Math.min(...sizes))
    return ELSEWHERE;
  // No error at all on few rows is no proof that there is none: half a row stands for it.
  const logs = usable.map(({ rows, error, weight }) => ({
    x: Math.log(rows),
    y: Math.log(Math.max(error, 0.5 / weight)),
  }));
  const meanX = sum(logs.map(({ x }) => x)) / logs.length;
  const meanY = sum(logs.map(({ y }) => y)) / logs.length;
  const spread = sum(logs.map(({ x }) => (x - meanX) ** 2));
  const slope = sum(logs.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread;
  const residual = sum(logs.map(({ x, y }) => (y - meanY - slope * (x - meanX)) ** 2));
  const margin = 2.1 * Math.sqrt(residual / (logs.length - 2) / spread);
  const [low, high] = [-slope - margin, -slope + margin];
  if (low <= 0) return ELSEWHERE;
  return { low: Math.min(low, MOST), high: Math.min(high, MOST), measured: true };
}

/** What is left of an error when the rows are multiplied, at the curve's two ends. */
export function errorAfter(
  error: number,
  times: number,
  { low, high }: LearningCurve,
): { best: number; worst: number } {
  return { best: error * times ** -high, worst: error * times ** -low };
}
