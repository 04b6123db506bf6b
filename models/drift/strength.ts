import { distance, statisticOf, type Tally } from './sample.ts';
import type { FeatureName } from './watched.ts';

/** A feature that fewer rows of a sample have is not judged. */
export const LEAST_ROWS = 20;

/**
 * A distance in a form that chance spreads alike whatever the rows: squared where it is not of squares already,
 * times the samples' harmonic size, and its cube root, which makes a chi-square nearly normal (Wilson, Hilferty
 * 1931). NaN: too few rows.
 */
export function strength(name: FeatureName, then: Tally, now: Tally): number {
  if (then.n < LEAST_ROWS || now.n < LEAST_ROWS) return Number.NaN;
  const value = distance(name, then, now);
  return Math.cbrt((isOfSquares(name) ? value : value * value) * harmonic(then.n, now.n));
}

/** The distance that has so much strength. */
export function distanceAt(name: FeatureName, strong: number, then: Tally, now: Tally): number {
  const value = Math.max(0, strong) ** 3 / harmonic(then.n, now.n);
  return isOfSquares(name) ? value : Math.sqrt(value);
}

const harmonic = (m: number, n: number) => (m * n) / (m + n);

const isOfSquares = (name: FeatureName) => statisticOf(name) === 'jensen-shannon';
