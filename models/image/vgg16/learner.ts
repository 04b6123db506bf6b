import type { Tensor1D } from '@tensorflow/tfjs-node';
import { random, shuffled } from '../../../data/random.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { Learner } from '../../training/fit.ts';
import type { TensorFlow } from '../../training/operations.ts';
import { createTally } from '../../training/tally.ts';
import type { Features } from '../features.ts';
import { createHead, initialHead } from './head.ts';
import type { Vgg16Parameters } from './parameters.ts';
import { type Scaler, standardise } from './scaler.ts';

/** Pictures of a part and each one's class (index of TYPE_CODES), in row order. */
export interface LabelledPictures {
  readonly pictures: readonly string[];
  readonly classes: readonly number[];
  /** How many times each counts in training; null: once each. */
  readonly weights: Float32Array | null;
}

/** The head as `fit` trains it: rows are read from the feature shards when their batch comes. */
export function createHeadLearner(
  tf: TensorFlow,
  parts: { readonly train: LabelledPictures; readonly validation: LabelledPictures },
  features: Features,
  scaler: Scaler | null,
  { batchSize, hidden }: Pick<Vgg16Parameters, 'batchSize' | 'hidden'>,
  seed: number,
): Learner {
  const head = createHead(tf);

  /** A batch's features and labels; dispose of both. */
  async function load({ pictures, classes }: LabelledPictures, rows: readonly number[]) {
    const found = await features.read(rows.map((row) => pictures[row] as string));
    const data = scaler ? standardise(found, scaler) : found;
    const labels = Int32Array.from(rows, (row) => classes[row] as number);
    return { labels, input: tf.tensor2d(data, [rows.length, features.featureSize]) };
  }

  const weightsOf = ({ weights }: LabelledPictures, rows: readonly number[]) =>
    weights
      ? tf.tensor2d(
          Float32Array.from(rows, (row) => weights[row] ?? 1),
          [rows.length, 1],
        )
      : undefined;

  return {
    initial: () => initialHead(features.featureSize, hidden, seed),

    async train(adam, epoch, onBatch) {
      const { train } = parts;
      const order = shuffled([...train.classes.keys()], random(seed, 'image', 'shuffle', epoch));
      const tally = createTally(TYPE_CODES.length);
      for (let from = 0; from < order.length; from += batchSize) {
        const rows = order.slice(from, from + batchSize);
        const { input, labels } = await load(train, rows);
        tf.tidy(() => {
          const target = tf.tensor1d(labels, 'int32');
          // The weights must be let go before Adam changes them in place.
          const step = tf.tidy(() => head.step(adam.weight, input, target, weightsOf(train, rows)));
          adam.apply(step.gradients);
          tally.add(step.losses.dataSync<'float32'>(), step.logits.dataSync<'float32'>(), labels);
        });
        input.dispose();
        await onBatch(Math.min(1, (from + batchSize) / order.length));
      }
      return tally.score();
    },

    async validate(adam, onBatch) {
      const { validation } = parts;
      const rows = [...validation.classes.keys()];
      const tally = createTally(TYPE_CODES.length);
      for (let from = 0; from < rows.length; from += batchSize) {
        const { input, labels } = await load(validation, rows.slice(from, from + batchSize));
        tf.tidy(() => {
          const logits = head.logits(adam.weight, input);
          const target = tf.oneHot(tf.tensor1d(labels, 'int32'), TYPE_CODES.length);
          const losses: Tensor1D = logits.logSoftmax().mul(target).sum<Tensor1D>(1).neg();
          tally.add(losses.dataSync<'float32'>(), logits.dataSync<'float32'>(), labels);
        });
        input.dispose();
        await onBatch(Math.min(1, (from + batchSize) / rows.length));
      }
      return tally.score();
    },
  };
}
