import { EtiquetteError } from '../../errors.ts';
import type { Metrics } from '../bundle/format.ts';
import { calibrationError, type ReliabilityBin, reliabilityOf } from './calibration.ts';
import {
  type CodeScores,
  type Confusion,
  confusionMatrixOf,
  confusionsOf,
  perCodeOf,
  type Scores,
  scoresOf,
} from './classification.ts';
import type { Probabilities } from './rows.ts';
import { CLASSES, sum, topClass } from './rows.ts';

export interface Evaluation {
  readonly metrics: Metrics;
  /** What always answering the most frequent code would score: the least a model must beat. */
  readonly baseline: Scores;
  /** From here on the fused answer on all rows. */
  readonly perCode: readonly CodeScores[];
  /** [27][27] counts: actual code down, predicted code across, both in TYPE_CODES order. */
  readonly confusionMatrix: readonly (readonly number[])[];
  /** Every pair that was confused, most frequent first. */
  readonly confusions: readonly Confusion[];
  readonly reliability: readonly ReliabilityBin[];
}

export interface EvaluationInput {
  /** Row-major [n * 27] probabilities. */
  readonly text: Probabilities;
  readonly image: Probabilities;
  readonly fused: Probabilities;
  /** n flags: 0 is no, else yes. */
  readonly hasText: ArrayLike<number>;
  readonly hasPicture: ArrayLike<number>;
  /** n class indexes. */
  readonly labels: ArrayLike<number>;
}

/**
 * Scores text on the rows that have text, image on the rows with a picture and fused on all rows.
 * @throws EtiquetteError SCORES_SHAPE_INVALID when the arrays do not belong to the same rows.
 */
export function evaluate(input: EvaluationInput): Evaluation {
  const n = input.labels.length;
  for (const name of ['text', 'image', 'fused', 'hasText', 'hasPicture'] as const) {
    const width = name.startsWith('has') ? 1 : CLASSES;
    if (input[name].length !== n * width) {
      const message = `${name} holds ${input[name].length} numbers; ${n} labels need ${n * width}.`;
      throw new EtiquetteError('SCORES_SHAPE_INVALID', message);
    }
  }
  const confusionMatrix = confusionMatrixOf(input.labels, (row) => topClass(input.fused, row));
  const mostFrequent = argmax(confusionMatrix.map(sum));
  const reliability = reliabilityOf(input.fused, input.labels);
  return {
    metrics: {
      n,
      text: scoresOf(
        confusionMatrixOf(input.labels, (row) =>
          input.hasText[row] ? topClass(input.text, row) : undefined,
        ),
      ),
      image: scoresOf(
        confusionMatrixOf(input.labels, (row) =>
          input.hasPicture[row] ? topClass(input.image, row) : undefined,
        ),
      ),
      fused: scoresOf(confusionMatrix),
      ece: calibrationError(reliability),
    },
    baseline: scoresOf(confusionMatrixOf(input.labels, () => mostFrequent)),
    perCode: perCodeOf(confusionMatrix),
    confusionMatrix,
    confusions: confusionsOf(confusionMatrix),
    reliability,
  };
}

function argmax(numbers: readonly number[]): number {
  return numbers.indexOf(Math.max(...numbers));
}
