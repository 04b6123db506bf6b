import type { Probabilities } from './rows.ts';
import { CLASSES, ratio, sum, topClass } from './rows.ts';

/** Rows whose top probability lies in (from, to]; `confidence` and `accuracy` are means over them. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly confidence: number;
  readonly accuracy: number;
}

const BINS = 15;

/** Equal-width bins (i/15, (i+1)/15] of the top probability. */
export function reliabilityOf(probabilities: Probabilities, labels: ArrayLike<number>): ReliabilityBin[] {
  const bins = Array.from({ length: BINS }, () => ({ n: 0, confidence: 0, right: 0 }));
  for (let row = 0; row < labels.length; row++) {
    const top = topClass(probabilities, row);
    const confidence = probabilities[row * CLASSES + top] ?? 0;
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(confidence * BINS) - 1))];
    if (!bin) continue;
    bin.n++;
    bin.confidence += confidence;
    if (top === labels[row]) bin.right++;
  }
  return bins.map(({ n, confidence, right }, index) => ({
    from: index / BINS,
    to: (index + 1) / BINS,
    n,
    confidence: ratio(confidence, n),
    accuracy: ratio(right, n),
  }));
}

/** Expected calibration error: how far confidence and accuracy lie apart, weighted by rows. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const n = sum(bins.map((bin) => bin.n));
  return ratio(sum(bins.map((bin) => bin.n * Math.abs(bin.accuracy - bin.confidence))), n);
}
