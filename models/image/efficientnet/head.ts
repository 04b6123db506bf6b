import { type SoftmaxModel, softmaxScores } from '../../linear/softmax.ts';
import { softmaxOf } from '../../linear/temperature.ts';

/** Weight of the loss: of 3 to 30, hardly different on out-of-fold rows of the Rakuten sample. */
export const HEAD_C = 10;

/** @returns probabilities of n pictures by their features [n * size], row-major [n * classes] */
export function predictHead(model: SoftmaxModel, features: Float32Array): Float32Array {
  const classes = model.bias.length;
  const size = model.weights.length / classes;
  const rows = features.slice();
  scaleRows(rows, size);
  return softmaxOf(softmaxScores(model, rows, size), classes, 1);
}

/** Scales every row to length 1, in place: a picture's contrast says nothing of its class. */
export function scaleRows(rows: Float32Array, size: number): void {
  for (let from = 0; from < rows.length; from += size) {
    const row = rows.subarray(from, from + size);
    let squares = 0;
    for (const value of row) squares += value * value;
    const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let at = 0; at < size; at++) row[at] = (row[at] as number) * factor;
  }
}
