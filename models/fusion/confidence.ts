import type { Probabilities } from '../evaluation/rows.ts';
import { CLASSES, topClass } from '../evaluation/rows.ts';
import { softmaxOf } from '../linear/temperature.ts';
import { logarithm } from './fuse.ts';

const LOWEST = 0.1;
const HIGHEST = 10;
const HALVINGS = 40;

/**
 * The temperature, 0.1 to 10, at which the mean confidence of the answers is the share of right ones. Of the least log
 * loss it would be a few points too sure: wrong labels among the surest rows cost log loss too little. 1 without rows.
 */
export function honestTemperature(probabilities: Probabilities, labels: readonly number[]): number {
  if (labels.length === 0) return 1;
  const right = labels.filter((label, row) => topClass(probabilities, row) === label).length;
  const logarithms = probabilities.map(logarithm);
  let low = Math.log(LOWEST);
  let high = Math.log(HIGHEST);
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    const tempered = softmaxOf(logarithms, CLASSES, Math.exp(middle));
    let confidence = 0;
    for (let row = 0; row < labels.length; row++) {
      confidence += tempered[row * CLASSES + topClass(tempered, row)] as number;
    }
    // A higher temperature makes every answer less sure.
    if (confidence > right) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
