import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-node';
import { operations, type TensorFlow } from '../../training/operations.ts';
import type { Batch } from './batches.ts';
import { createLookup, turn } from './lookup.ts';
import type { LstmParameters } from './parameters.ts';
import { POOLED, pool, poolGradient } from './pooling.ts';
import { createRecurrent } from './recurrent.ts';
import { directionsOf, type FusedName } from './weights.ts';

/** The weights at this moment, by name. Whoever asks disposes of the answer (or calls inside a tidy). */
export type WeightOf = (name: FusedName) => Tensor;

export type Gradients = Partial<Record<FusedName, Tensor>>;

export type Step = {
  /** By the weights' names. */
  gradients: Gradients;
  /** Cross-entropy of each row. */
  losses: Tensor1D;
  logits: Tensor2D;
};

/** What dropout leaves: factors of the words' vectors, [1, batch, embedding], and of the pooled features. */
export interface Dropout {
  readonly vectors: Tensor;
  readonly pooled: Tensor;
}

/**
 * Embedding -> LSTM, one for each direction -> pooling -> dense, in TensorFlow's fused operations, with the
 * gradients written out. In the original's form equal to the layers API's model (recurrentActivation
 * 'sigmoid') and several times as fast; tests compare the two, and other forms with automatic differentiation.
 */
export interface Network {
  /** Class scores before the softmax, [batch, classes]. */
  logits(weightOf: WeightOf, batch: Batch): Tensor2D;
  /**
   * One pass forward and back for the mean cross-entropy. `labels`: one-hot, [batch, classes]. `rowWeights`: how many
   * times each row counts in the gradients, [batch, 1]; once each when left out.
   */
  step(weightOf: WeightOf, batch: Batch, labels: Tensor2D, dropout?: Dropout, rowWeights?: Tensor2D): Step;
  dispose(): void;
}

export type NetworkForm = Pick<LstmParameters, 'units' | 'bidirectional' | 'pooling' | 'padding'>;

export function createNetwork(tf: TensorFlow, form: NetworkForm): Network {
  const { units, pooling, padding } = form;
  const { type, run } = operations(tf);
  const lookup = createLookup(tf);
  const recurrent = createRecurrent(tf, units);
  const directions = directionsOf(form);
  // Zero vectors leave an LSTM's state at zero as long as the bias of its cell input is zero: padding before a
  // text is then as good as none, without a mask, which the fused LSTM does not know.
  const masked = new Float32Array(4 * units).fill(1).fill(0, 2 * units, 3 * units);
  const trainedBias = padding === 'masked' ? tf.keep(tf.tensor1d(masked)) : null;

  function forward(weightOf: WeightOf, batch: Batch, dropout?: Dropout) {
    const found = lookup(weightOf('embeddings') as Tensor2D, batch);
    const turned = tf.tensor1d(batch.turned, 'int32');
    const counts = tf.tensor2d(batch.counts, [batch.size, 1]);
    const read = dropout ? found.vectors.mul<Tensor3D>(dropout.vectors) : found.vectors;
    const passes = directions.map(({ kernel, bias, backwards }) => {
      const sequence = backwards ? turn(read, turned) : read;
      const pass = recurrent.forward(weightOf(kernel), weightOf(bias), sequence);
      return { ...pass, pooled: pool(tf, pooling, pass.outputs, counts) };
    });
    const all = tf.concat2d(
      passes.map(({ pooled }) => pooled),
      1,
    );
    const features = dropout ? all.mul<Tensor2D>(dropout.pooled) : all;
    const logits = features.matMul(weightOf('denseKernel') as Tensor2D).add<Tensor2D>(weightOf('denseBias'));
    return { found, turned, counts, passes, features, logits };
  }

  type Forward = ReturnType<typeof forward>;

  function backward(weightOf: WeightOf, pass: Forward, errors: Tensor2D, dropout?: Dropout): Gradients {
    const { found, turned, counts, passes, features } = pass;
    const ofFeatures = errors.matMul(weightOf('denseKernel') as Tensor2D, false, true);
    const ofPooled = dropout ? ofFeatures.mul<Tensor2D>(dropout.pooled) : ofFeatures;
    const gradients: Gradients = { denseKernel: features.matMul(errors, true), denseBias: errors.sum(0) };
    const width = units * POOLED[pooling];
    const ofVectors = directions.map(({ kernel, bias, backwards }, at) => {
      const own = passes[at] as Forward['passes'][number];
      const gradient = ofPooled.slice([0, at * width], [-1, width]) as Tensor2D;
      const ofOutputs = poolGradient(tf, pooling, { ...own, counts, gradient });
      const back = recurrent.backward(own, ofOutputs);
      gradients[kernel] = back.kernel;
      gradients[bias] = trainedBias ? back.bias.mul(trainedBias) : back.bias;
      return backwards ? turn(back.sequence, turned) : back.sequence;
    });
    const sum = ofVectors.reduce((one, other) => one.add(other));
    gradients.embeddings = found.gradient(dropout ? sum.mul<Tensor3D>(dropout.vectors) : sum);
    return gradients;
  }

  return {
    logits: (weightOf, batch) => tf.tidy(() => forward(weightOf, batch).logits),
    step: (weightOf, batch, labels, dropout, rowWeights) =>
      tf.tidy(() => {
        const pass = forward(weightOf, batch, dropout);
        const [losses, difference] = run(
          'SoftmaxCrossEntropyWithLogits',
          [type('T')],
          [pass.logits, labels],
          2,
        ) as [Tensor1D, Tensor2D];
        const weighted = rowWeights ? difference.mul<Tensor2D>(rowWeights) : difference;
        const errors = weighted.div<Tensor2D>(tf.scalar(batch.size));
        return { gradients: backward(weightOf, pass, errors, dropout), losses, logits: pass.logits };
      }),
    dispose() {
      recurrent.dispose();
      trainedBias?.dispose();
    },
  };
}
