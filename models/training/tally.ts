import type { Score } from './fit.ts';

/** Adds up the loss and the hits of batches into a part's score. */
export interface Tally {
  /** `losses` [n], `scores` [n * classes] (larger is likelier), `labels` n class indexes. */
  add(losses: Float32Array, scores: Float32Array, labels: ArrayLike<number>): void;
  score(): Score;
}

export function createTally(classes: number): Tally {
  let loss = 0;
  let right = 0;
  let rows = 0;
  return {
    add(losses, scores, labels) {
      for (let row = 0; row < labels.length; row++) {
        const own = scores.subarray(row * classes, (row + 1) * classes);
        loss += losses[row] ?? Number.NaN;
        if (own.indexOf(Math.max(...own)) === labels[row]) right += 1;
      }
      rows += labels.length;
    },
    score: () => ({ loss: loss / rows, accuracy: right / rows }),
  };
}
