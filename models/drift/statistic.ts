import type { Bilingual } from '../evaluation/insight/sentences.ts';
import type { StatisticName } from './sample.ts';
import type { FeatureName } from './watched.ts';

/** Rising. alert wakes people, retrain is worth a new training. */
export const LEVELS = ['ok', 'warn', 'alert', 'retrain'] as const;
export type Level = (typeof LEVELS)[number];

export function highestOf(levels: readonly Level[]): Level {
  return LEVELS[Math.max(0, ...levels.map((level) => LEVELS.indexOf(level)))] as Level;
}

/** A feature of the window beside the reference's. */
export interface DriftStatistic {
  readonly feature: FeatureName;
  readonly statistic: StatisticName;
  readonly value: number;
  /** The value that only 1 % (warn), 0.1 % (alert) of unchanged windows pass with any feature. */
  readonly threshold: { readonly warn: number; readonly alert: number };
  /** As a stability index without what chance adds to it: 0.1 is some change, 0.25 a large one. */
  readonly size: number;
  /** Standard deviations above what chance gives in the mean. */
  readonly deviation: number;
  /** That any feature of an unchanged window goes as far; 0.05 stands for that and more. */
  readonly probability: number;
  readonly level: Level;
  /** Rows that have it. */
  readonly rows: { readonly before: number; readonly now: number };
  /** Shares of the cells; empty for places. Cells of numbers lie between `edges`. */
  readonly before: readonly number[];
  readonly now: readonly number[];
  readonly edges: readonly number[];
  readonly inWords: Bilingual;
}
