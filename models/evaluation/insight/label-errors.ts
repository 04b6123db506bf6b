import { CLASSES } from '../rows.ts';
import type { Answers } from './answers.ts';

/** A row that is confidently of another class than the given one. */
export interface Suspect {
  /** Place in `Answers`. */
  readonly at: number;
  readonly given: number;
  readonly suggested: number;
  readonly givenProbability: number;
  readonly suggestedProbability: number;
}

/**
 * Confident learning (Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset
 * Labels"): a class's threshold is the mean probability that its own rows get, so a class that the model is
 * never sure of needs less to be believed. A row counts as the most probable class among those above their
 * thresholds; where that is not the given one, the label is suspect. Ranked by margin, widest first.
 * The probabilities must come from models that did not learn from the row.
 */
export function suspectedLabelErrors({ labels, probabilities }: Answers): Suspect[] {
  const thresholds = selfConfidence(labels, probabilities);
  const suspects: Suspect[] = [];
  for (let at = 0; at < labels.length; at++) {
    const given = labels[at] as number;
    const of = (label: number) => probabilities[at * CLASSES + label] as number;
    let best = -1;
    for (let label = 0; label < CLASSES; label++) {
      if (of(label) >= (thresholds[label] as number) && (best < 0 || of(label) > of(best))) best = label;
    }
    // Above its threshold, and yet less probable than the given class: no disagreement.
    if (best < 0 || of(best) <= of(given)) continue;
    suspects.push({
      at,
      given,
      suggested: best,
      givenProbability: of(given),
      suggestedProbability: of(best),
    });
  }
  return suspects.sort((a, b) => marginOf(b) - marginOf(a) || a.at - b.at);
}

export function marginOf({ suggestedProbability, givenProbability }: Suspect): number {
  return suggestedProbability - givenProbability;
}

/** Mean probability of each class over the rows given to it; a class without rows can never be suggested. */
function selfConfidence(labels: Uint8Array, probabilities: Float32Array): Float64Array {
  const sums = new Float64Array(CLASSES);
  const counts = new Uint32Array(CLASSES);
  labels.forEach((label, at) => {
    sums[label] = (sums[label] as number) + (probabilities[at * CLASSES + label] as number);
    counts[label] = (counts[label] as number) + 1;
  });
  return sums.map((sum, label) =>
    counts[label] ? sum / (counts[label] as number) : Number.POSITIVE_INFINITY,
  );
}
