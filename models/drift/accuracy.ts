import { z } from 'zod';

const BINS = 10;
/** So many rows that are right as often as they are sure stand beside those of a bin. */
const PRIOR = 2;
/** Of the normal distribution, for 95 %. */
const Z95 = 1.96;

/** How often held-out answers were right by their confidence: bins up to `upTo`, ascending, of about equal rows. */
export const calibrationSchema = z.array(
  z.strictObject({
    upTo: z.number(),
    n: z.number().int(),
    right: z.number().int(),
    confidence: z.number(),
  }),
);
export type Calibration = z.infer<typeof calibrationSchema>;

export interface Estimate {
  readonly value: number;
  /** The middle 95 %. */
  readonly low: number;
  readonly high: number;
}

/** A confidence (0..1) and whether its answer was right. */
export interface Judged {
  readonly confidence: number;
  readonly right: boolean;
}

export function calibrationOf(judged: readonly Judged[]): Calibration {
  const sorted = [...judged].sort((a, b) => a.confidence - b.confidence);
  const bins: { upTo: number; n: number; right: number; confidence: number }[] = [];
  let from = 0;
  for (let bin = 1; bin <= BINS; bin++) {
    let to = Math.max(from, Math.round((bin * sorted.length) / BINS));
    // Equal confidences stay together.
    while (to > from && to < sorted.length && sorted[to]?.confidence === sorted[to - 1]?.confidence) to += 1;
    const rows = sorted.slice(from, to);
    const last = rows.at(-1);
    if (!last) continue;
    const sum = rows.reduce((total, { confidence }) => total + confidence, 0);
    const right = rows.filter((row) => row.right).length;
    bins.push({
      upTo: last.confidence,
      n: rows.length,
      right,
      confidence: Number((sum / rows.length).toFixed(5)),
    });
    from = to;
  }
  return bins;
}

/**
 * How many of these answers are probably right, by what their confidences were worth on held-out rows. It cannot see
 * answers that are sure and wrong for a new reason. null: nothing to go by.
 */
export function estimateAccuracy(calibration: Calibration, confidences: readonly number[]): Estimate | null {
  if (calibration.length === 0 || confidences.length === 0) return null;
  const held = calibration.map(() => 0);
  for (const confidence of confidences) {
    const found = calibration.findIndex(({ upTo }) => confidence <= upTo);
    const bin = found < 0 ? calibration.length - 1 : found;
    held[bin] = (held[bin] as number) + 1;
  }
  let [value, variance] = [0, 0];
  calibration.forEach(({ n, right, confidence }, bin) => {
    const share = (held[bin] as number) / confidences.length;
    const rate = (right + PRIOR * confidence) / (n + PRIOR);
    value += share * rate;
    // Chance among these answers, and what the bin's own rows leave open.
    variance += rate * (1 - rate) * (share / confidences.length + share ** 2 / (n + PRIOR));
  });
  const half = Z95 * Math.sqrt(variance);
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half) };
}

/** The share of right ones among those that people looked at, with Wilson's interval; null: none. */
export function measureAccuracy(right: number, n: number): Estimate | null {
  if (n === 0) return null;
  const share = right / n;
  const squared = Z95 ** 2 / n;
  const middle = (share + squared / 2) / (1 + squared);
  const half = (Z95 * Math.sqrt((share * (1 - share)) / n + squared / (4 * n))) / (1 + squared);
  return { value: share, low: middle - half, high: middle + half };
}
