import { TYPE_CODES } from '../../../data/type-codes.ts';
import { type Confusion, confusionMatrixOf, confusionsOf } from '../classification.ts';
import { CLASSES, topClass } from '../rows.ts';
import type { Answers } from './answers.ts';

export interface ConfusionWithExamples extends Confusion {
  /** Places in `Answers`, the most confident first. */
  readonly examples: readonly number[];
}

export interface Confusions {
  /** [27][27] counts: given code down, predicted code across. */
  readonly matrix: readonly (readonly number[])[];
  readonly pairs: readonly ConfusionWithExamples[];
}

/** The most frequent `pairs` of given and predicted codes, with up to `examples` products each. */
export function confusionsWithExamples(
  { labels, probabilities }: Answers,
  { pairs, examples }: { readonly pairs: number; readonly examples: number },
): Confusions {
  const matrix = confusionMatrixOf(labels, (at) => topClass(probabilities, at));
  const worst = confusionsOf(matrix).slice(0, pairs);
  const found = new Map<number, number[]>(
    worst.map(({ actual, predicted }) => [
      TYPE_CODES.indexOf(actual) * CLASSES + TYPE_CODES.indexOf(predicted),
      [],
    ]),
  );
  labels.forEach((label, at) => {
    found.get(label * CLASSES + topClass(probabilities, at))?.push(at);
  });
  const places = [...found.entries()];
  return {
    matrix,
    pairs: worst.map((pair, index) => {
      const [key, members] = places[index] as [number, number[]];
      const confidence = (at: number) => probabilities[at * CLASSES + (key % CLASSES)] as number;
      members.sort((a, b) => confidence(b) - confidence(a) || a - b);
      return { ...pair, examples: members.slice(0, examples) };
    }),
  };
}
