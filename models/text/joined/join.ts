import type { Probabilities } from '../../evaluation/rows.ts';
import { type Calibration, calibrate, logarithms } from './calibration.ts';

/** How both parts become honest before they are joined, and what they say together after. */
export interface Join {
  readonly ngram: Calibration;
  readonly sentence: Calibration;
  readonly together: Calibration;
}

/**
 * Scores of both parts together: the mean of their logarithms, once each is calibrated. So neither outvotes the
 * other by being too sure.
 * @param ngram the n-gram model's probabilities, row-major [n * classes]
 * @param sentence the head's scores
 */
export function joinedScores(
  ngram: Probabilities,
  sentence: Float32Array,
  classes: number,
  join: Pick<Join, 'ngram' | 'sentence'>,
): Float32Array {
  const words = logarithms(calibrate(logarithms(ngram), classes, join.ngram));
  const meaning = logarithms(calibrate(sentence, classes, join.sentence));
  return words.map((one, at) => (one + (meaning[at] as number)) / 2);
}
