import { binOf } from './bins.ts';
import { jensenShannon, kolmogorovSmirnov, squaredDistance, stabilityIndex } from './distances.ts';
import type { DriftFeatures } from './features.ts';
import { PLACE_SIZE } from './projection.ts';
import {
  CATEGORIES,
  CATEGORY_NAMES,
  type FeatureName,
  NUMBER_NAMES,
  NUMBERS,
  PLACE_NAMES,
  PLACES,
} from './watched.ts';
import { type Whitening, whiten } from './whitening.ts';

/** How rows are laid out to be counted: the reference's bins and whitened axes. */
export interface Scales {
  /** Of each number; see `binEdges`. */
  readonly edges: Readonly<Record<string, readonly number[]>>;
  /** Of each place; null: too few of the reference's rows have it. */
  readonly whitening: Readonly<Record<string, Whitening | null>>;
}

/** A sample of rows, added up: all that distances are computed from. */
export interface Tally {
  /** Rows that have the feature. */
  readonly n: number;
  /** Of categories and numbers: rows in each cell. */
  readonly counts: Float64Array;
  /** Of places: the mean, whitened. */
  readonly mean: Float64Array;
}

/** Rows as cells and whitened places, ready to be drawn from again and again. */
export interface Rows {
  readonly length: number;
  /** By feature: a row's cell, -1 where it has none. */
  readonly cells: ReadonlyArray<{
    readonly name: FeatureName;
    readonly size: number;
    readonly of: Int16Array;
  }>;
  /** By feature: [rows * 16], NaN where a row has none. */
  readonly places: ReadonlyArray<{ readonly name: FeatureName; readonly of: Float64Array }>;
}

export function layOut(rows: readonly DriftFeatures[], { edges, whitening }: Scales): Rows {
  const cells = [
    ...CATEGORY_NAMES.map((name) => {
      const { cells: size, of } = CATEGORIES[name];
      return { name, size, of: Int16Array.from(rows, (row) => of(row) ?? -1) };
    }),
    ...NUMBER_NAMES.map((name) => {
      const own = edges[name] ?? [];
      const cellOf = (row: DriftFeatures) => {
        const value = NUMBERS[name](row);
        return value === null ? -1 : binOf(own, value);
      };
      return { name, size: own.length + 1, of: Int16Array.from(rows, cellOf) };
    }),
  ];
  const places = PLACE_NAMES.map((name) => {
    const own = whitening[name] ?? null;
    const of = new Float64Array(rows.length * PLACE_SIZE).fill(Number.NaN);
    rows.forEach((row, at) => {
      const place = PLACES[name](row);
      if (own && place) of.set(whiten(own, place), at * PLACE_SIZE);
    });
    return { name, of };
  });
  return { length: rows.length, cells, places };
}

/** Adds up the rows that `picks` names; a row may come more than once. In the order of FEATURE_NAMES. */
export function tally({ cells, places }: Rows, picks: ArrayLike<number>): Tally[] {
  const nothing = new Float64Array(0);
  return [
    ...cells.map(({ size, of }) => {
      const counts = new Float64Array(size);
      let n = 0;
      for (let at = 0; at < picks.length; at++) {
        const cell = of[picks[at] as number] as number;
        if (cell < 0) continue;
        counts[cell] = (counts[cell] as number) + 1;
        n += 1;
      }
      return { n, counts, mean: nothing };
    }),
    ...places.map(({ of }) => {
      const mean = new Float64Array(PLACE_SIZE);
      let n = 0;
      for (let at = 0; at < picks.length; at++) {
        const from = (picks[at] as number) * PLACE_SIZE;
        if (Number.isNaN(of[from])) continue;
        n += 1;
        for (let axis = 0; axis < PLACE_SIZE; axis++) {
          mean[axis] = (mean[axis] as number) + (of[from + axis] as number);
        }
      }
      return { n, counts: nothing, mean: mean.map((sum) => sum / Math.max(1, n)) };
    }),
  ];
}

const IS_CATEGORY: ReadonlySet<FeatureName> = new Set<FeatureName>(CATEGORY_NAMES);
const IS_PLACE: ReadonlySet<FeatureName> = new Set<FeatureName>(PLACE_NAMES);

export type StatisticName = 'jensen-shannon' | 'kolmogorov-smirnov' | 'mahalanobis';

/** Which distance judges a feature. */
export function statisticOf(name: FeatureName): StatisticName {
  if (IS_CATEGORY.has(name)) return 'jensen-shannon';
  return IS_PLACE.has(name) ? 'mahalanobis' : 'kolmogorov-smirnov';
}

/** The distance of two samples of one feature, in the statistic's own unit. */
export function distance(name: FeatureName, then: Tally, now: Tally): number {
  if (IS_CATEGORY.has(name)) return jensenShannon(then.counts, now.counts);
  if (IS_PLACE.has(name)) return Math.sqrt(squaredDistance(then.mean, now.mean));
  return kolmogorovSmirnov(then.counts, now.counts);
}

/**
 * How large the difference is, whatever the number of rows: the stability index less what chance adds to it. Of
 * places the squared distance, which is that index for two normal distributions of variance 1.
 */
export function sizeOf(name: FeatureName, then: Tally, now: Tally): number {
  const chance = 1 / then.n + 1 / now.n;
  const size = IS_PLACE.has(name)
    ? squaredDistance(then.mean, now.mean) - PLACE_SIZE * chance
    : stabilityIndex(then.counts, now.counts) - (then.counts.length - 1) * chance;
  return Math.max(0, size);
}
