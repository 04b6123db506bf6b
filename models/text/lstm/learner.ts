import { random, shuffled } from '../../../data/random.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { Learner } from '../../training/fit.ts';
import type { TensorFlow } from '../../training/operations.ts';
import { createTally } from '../../training/tally.ts';
import { createBatch, type Text } from './batches.ts';
import { createDropout, dropWords } from './dropout.ts';
import { createNetwork, type WeightOf } from './network.ts';
import type { LstmParameters } from './parameters.ts';
import { initialWeights, toFused } from './weights.ts';

const CLASSES = TYPE_CODES.length;
/** Validation keeps nothing for a way back, so its batches may be larger. */
const VALIDATION_BATCH = 256;

/** Texts and each one's class. */
export interface EncodedRows {
  readonly texts: readonly Text[];
  readonly classes: readonly number[];
  /** How many times each counts in training; null: once each. */
  readonly weights: Float32Array | null;
}

/** The LSTM as `fit` trains it. Dispose of it when training has ended. */
export function createLstmLearner(
  tf: TensorFlow,
  parts: { readonly train: EncodedRows; readonly validation: EncodedRows },
  parameters: LstmParameters,
  seed: number,
): Learner & { dispose(): void } {
  const { batchSize, wordDropout, labelSmoothing } = parameters;
  const network = createNetwork(tf, parameters);

  const inputs = ({ texts, classes, weights }: EncodedRows, pick: readonly number[]) => {
    const labels = pick.map((row) => classes[row] ?? 0);
    return {
      texts: pick.map((row) => texts[row] ?? []),
      labels,
      rowWeights: () =>
        weights
          ? tf.tensor2d(
              Float32Array.from(pick, (row) => weights[row] ?? 1),
              [pick.length, 1],
            )
          : undefined,
      oneHot: (smoothing = 0) => tf.tensor2d(oneHot(labels, smoothing), [pick.length, CLASSES]),
    };
  };

  return {
    initial: () => toFused(initialWeights(parameters, seed)),
    async train(adam, epoch, onBatch) {
      const { train } = parts;
      const order = shuffled([...train.classes.keys()], random(seed, 'text', 'shuffle', epoch));
      const next = random(seed, 'text', 'dropout', epoch);
      const tally = createTally(CLASSES);
      for (let from = 0; from < order.length; from += batchSize) {
        tf.tidy(() => {
          const { texts, labels, oneHot, rowWeights } = inputs(train, order.slice(from, from + batchSize));
          const batch = createBatch(dropWords(texts, wordDropout, next), parameters);
          // The weights must be let go before Adam changes them in place.
          const step = tf.tidy(() => {
            const dropout = createDropout(tf, parameters, labels.length, next);
            const target = oneHot(labelSmoothing);
            return network.step((name) => adam.weight(name), batch, target, dropout, rowWeights());
          });
          adam.apply(step.gradients);
          tally.add(step.losses.dataSync<'float32'>(), step.logits.dataSync<'float32'>(), labels);
        });
        await onBatch(Math.min(1, (from + batchSize) / order.length));
      }
      return tally.score();
    },
    async validate(adam, onBatch) {
      const rows = [...parts.validation.classes.keys()];
      const tally = createTally(CLASSES);
      for (let from = 0; from < rows.length; from += VALIDATION_BATCH) {
        tf.tidy(() => {
          const { texts, labels, oneHot } = inputs(
            parts.validation,
            rows.slice(from, from + VALIDATION_BATCH),
          );
          const weightOf: WeightOf = (name) => adam.weight(name);
          const logits = network.logits(weightOf, createBatch(texts, parameters));
          const losses = logits.logSoftmax().mul(oneHot()).sum(1).neg();
          tally.add(losses.dataSync<'float32'>(), logits.dataSync<'float32'>(), labels);
        });
        await onBatch(Math.min(1, (from + VALIDATION_BATCH) / rows.length));
      }
      return tally.score();
    },
    dispose: () => network.dispose(),
  };
}

function oneHot(labels: readonly number[], smoothing: number): Float32Array {
  const result = new Float32Array(labels.length * CLASSES).fill(smoothing / CLASSES);
  labels.forEach((label, row) => {
    result[row * CLASSES + label] = 1 - smoothing + smoothing / CLASSES;
  });
  return result;
}
