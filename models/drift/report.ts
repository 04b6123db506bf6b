import type { Bilingual } from '../evaluation/insight/sentences.ts';
import { type Estimate, estimateAccuracy, measureAccuracy } from './accuracy.ts';
import { adviceOf } from './advice.ts';
import { deviationAt, deviationOf, probabilityOf, strengthAt } from './chance.ts';
import type { DriftFeatures } from './features.ts';
import { checkedFeatures, decilesOf, present, type Reference } from './reference.ts';
import { distance, layOut, sizeOf, statisticOf, type Tally, tally } from './sample.ts';
import { sentenceOf } from './sentences.ts';
import { type DriftStatistic, highestOf, type Level } from './statistic.ts';
import { distanceAt, LEAST_ROWS, strength } from './strength.ts';
import { FEATURE_NAMES, type FeatureName, NUMBERS, type NumberName } from './watched.ts';

/** How probably a check of an unchanged stream says so much, all features together. */
export const FALSE_ALARMS = { warn: 0.01, alert: 0.001 } as const;
/** What must have changed beside: the usual bounds of the stability index. They are about size, not about chance. */
const SIZES = { alert: 0.1, retrain: 0.25 } as const;
/** An alert is worth a training too when this much accuracy is surely lost by the estimate. */
const LOST = 0.02;

export interface DriftWindow {
  /** ISO 8601; null: not known. */
  readonly from: string | null;
  readonly to: string | null;
  /** Answers of the reference's bundle. */
  readonly predictions: readonly DriftFeatures[];
  /** Of these predictions: those that people looked at, and how many of them were right. null: none. */
  readonly checked: { readonly n: number; readonly right: number } | null;
}

export interface DriftReport {
  readonly window: { readonly from: string | null; readonly to: string | null; readonly predictions: number };
  readonly level: Level;
  /** Those that could be judged, the most deviating first. */
  readonly statistics: readonly DriftStatistic[];
  /** Accuracy on the reference's rows. */
  readonly heldOutAccuracy: number | null;
  readonly estimatedAccuracy: Estimate | null;
  readonly measuredAccuracy: (Estimate & { readonly n: number }) | null;
  readonly advice: readonly Bilingual[];
}

/**
 * Compares predictions with what the training's held-out rows looked like. Milliseconds for some thousand.
 * @throws EtiquetteError DRIFT_FEATURES_INVALID
 */
export function driftReport(reference: Reference, window: DriftWindow): DriftReport {
  const { from, to, checked } = window;
  const rows = window.predictions.map(checkedFeatures);
  const now = tally(layOut(rows, reference), [...rows.keys()]);
  const statistics = FEATURE_NAMES.flatMap(
    (name, feature) => judge(reference, name, rows, now[feature] as Tally) ?? [],
  ).sort((a, b) => b.deviation - a.deviation);
  const estimatedAccuracy = estimateAccuracy(
    reference.calibration,
    rows.map(({ answer }) => answer[0] / 1000),
  );
  const measured = checked && measureAccuracy(checked.right, checked.n);
  const accuracies = {
    heldOutAccuracy: reference.accuracy,
    estimatedAccuracy,
    measuredAccuracy: measured && checked && { ...measured, n: checked.n },
  };
  const level = levelOf(statistics, accuracies);
  return {
    window: { from, to, predictions: rows.length },
    level,
    statistics,
    ...accuracies,
    advice: adviceOf({ level, statistics, predictions: rows.length }),
  };
}

/** null: too few rows have it, here or in the reference. */
function judge(
  reference: Reference,
  name: FeatureName,
  rows: readonly DriftFeatures[],
  now: Tally,
): DriftStatistic | null {
  const { chance, edges, deciles } = reference;
  const known = reference.tallies[name];
  if (!known) return null;
  const then = {
    n: known.n,
    counts: Float64Array.from(known.counts),
    mean: Float64Array.from(known.mean),
  };
  const deviation = deviationOf(chance, name, now.n, strength(name, then, now));
  if (deviation === null) return null;
  const valueAt = (probability: number) =>
    distanceAt(
      name,
      strengthAt(chance, name, now.n, deviationAt(chance, rows.length, probability)),
      then,
      now,
    );
  const size = sizeOf(name, then, now);
  const probability = probabilityOf(chance, rows.length, deviation);
  const shares = ({ n, counts }: Tally) => Array.from(counts, (count) => count / n);
  const value = distance(name, then, now);
  const number = NUMBERS[name as NumberName];
  return {
    feature: name,
    statistic: statisticOf(name),
    value,
    threshold: { warn: valueAt(FALSE_ALARMS.warn), alert: valueAt(FALSE_ALARMS.alert) },
    size,
    deviation,
    probability,
    level: statisticLevel(probability, size),
    rows: { before: then.n, now: now.n },
    before: shares(then),
    now: shares(now),
    edges: edges[name] ?? [],
    inWords: sentenceOf(name, {
      ...{ value, before: shares(then), now: shares(now) },
      decilesThen: deciles[name] ?? [],
      decilesNow: number ? decilesOf(present(rows.map(number))) : [],
    }),
  };
}

function statisticLevel(probability: number, size: number): Level {
  if (probability > FALSE_ALARMS.warn) return 'ok';
  if (probability > FALSE_ALARMS.alert || size < SIZES.alert) return 'warn';
  return size < SIZES.retrain ? 'alert' : 'retrain';
}

/**
 * Accuracy alone alarms nobody: the estimate follows from confidences, which are watched, and people look at answers
 * that seem wrong.
 */
function levelOf(
  statistics: readonly DriftStatistic[],
  {
    heldOutAccuracy,
    estimatedAccuracy,
    measuredAccuracy,
  }: Pick<DriftReport, 'heldOutAccuracy' | 'estimatedAccuracy' | 'measuredAccuracy'>,
): Level {
  const highest = highestOf(statistics.map(({ level }) => level));
  if (heldOutAccuracy === null) return highest;
  const measuredLess =
    measuredAccuracy !== null && measuredAccuracy.n >= LEAST_ROWS && measuredAccuracy.high < heldOutAccuracy;
  const estimatedLess = estimatedAccuracy !== null && estimatedAccuracy.high < heldOutAccuracy - LOST;
  if (highest === 'alert' && (measuredLess || estimatedLess)) return 'retrain';
  return measuredLess ? highestOf([highest, 'warn']) : highest;
}
