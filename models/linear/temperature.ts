import { goldenSection } from './golden-section.ts';

/** Softmax of scores / temperature, row-major [n * classes]; each row sums to 1. */
export function softmaxOf(scores: Float32Array, classes: number, temperature: number): Float32Array {
  const result = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let at = start; at < start + classes; at++) largest = Math.max(largest, scores[at] as number);
    let total = 0;
    for (let at = start; at < start + classes; at++) {
      total += Math.exp(((scores[at] as number) - largest) / temperature);
    }
    for (let at = start; at < start + classes; at++) {
      result[at] = Math.exp(((scores[at] as number) - largest) / temperature) / total;
    }
  }
  return result;
}

const LOWEST = 1e-2;
const HIGHEST = 1e2;
const STEPS = 60;

/**
 * The temperature at which softmaxOf gives the labels the least mean log loss, in [0.01, 100] (golden section;
 * the loss has one valley). `scores` must come from rows that the model did not learn from, `labels` are class
 * indexes. 1 when there are no rows.
 */
export function fitTemperature(scores: Float32Array, labels: ArrayLike<number>, classes: number): number {
  if (labels.length === 0) return 1;
  const loss = (logTemperature: number) => logLoss(scores, labels, classes, Math.exp(logTemperature));
  return Math.exp(goldenSection(loss, Math.log(LOWEST), Math.log(HIGHEST), STEPS));
}

/** Mean of -log softmax(scores / temperature)[label]. */
export function logLoss(
  scores: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
  temperature: number,
): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    const start = row * classes;
    let largest = Number.NEGATIVE_INFINITY;
    for (let at = start; at < start + classes; at++) largest = Math.max(largest, scores[at] as number);
    let total = 0;
    for (let at = start; at < start + classes; at++) {
      total += Math.exp(((scores[at] as number) - largest) / temperature);
    }
    const own = scores[start + (labels[row] as number)] as number;
    sum += Math.log(total) - (own - largest) / temperature;
  }
  return sum / labels.length;
}
