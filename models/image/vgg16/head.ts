import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-node';
import { random } from '../../../data/random.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { Arrays } from '../../runtime/safetensors.ts';
import { operations, type TensorFlow } from '../../training/operations.ts';

/** The head's weights: [features, hidden], [hidden], [hidden, 27], [27]. */
export const HEAD_WEIGHTS = ['hidden/kernel', 'hidden/bias', 'output/kernel', 'output/bias'] as const;
export type HeadWeight = (typeof HEAD_WEIGHTS)[number];

/** The weights at this moment, by name. Whoever asks disposes of the answer (or calls inside a tidy). */
export type WeightOf = (name: HeadWeight) => Tensor;

export type HeadStep = {
  gradients: Record<HeadWeight, Tensor>;
  /** Cross-entropy of each row. */
  losses: Tensor1D;
  logits: Tensor2D;
};

/**
 * Dense (ReLU) -> Dense, with the gradients of the mean cross-entropy written out: the layers API's own way
 * costs half as much again. Equal to it; a test compares the two. Call both inside a tidy.
 */
export interface Head {
  /** Class scores before the softmax, [batch, 27]. */
  logits(weightOf: WeightOf, features: Tensor2D): Tensor2D;
  /**
   * One pass forward and back. `labels`: class indexes, int32 [batch]. `rowWeights`: how many times each row counts in
   * the gradients, [batch, 1]; once each when left out.
   */
  step(weightOf: WeightOf, features: Tensor2D, labels: Tensor1D, rowWeights?: Tensor2D): HeadStep;
}

export function createHead(tf: TensorFlow): Head {
  const { type, run, one } = operations(tf);
  const float = [type('T')];
  const lossAttributes = [type('T'), type('Tlabels', 'int32')];

  const dense = (weightOf: WeightOf, layer: 'hidden' | 'output', input: Tensor2D): Tensor2D => {
    const product = input.matMul<Tensor2D>(weightOf(`${layer}/kernel`) as Tensor2D);
    return one('BiasAdd', float, [product, weightOf(`${layer}/bias`)]) as Tensor2D;
  };
  const hiddenOf = (weightOf: WeightOf, features: Tensor2D): Tensor2D =>
    dense(weightOf, 'hidden', features).relu();

  return {
    logits: (weightOf, features) => dense(weightOf, 'output', hiddenOf(weightOf, features)),
    step(weightOf, features, labels, rowWeights) {
      const hidden = hiddenOf(weightOf, features);
      const logits = dense(weightOf, 'output', hidden);
      const [losses, errors] = run(
        'SparseSoftmaxCrossEntropyWithLogits',
        lossAttributes,
        [logits, labels],
        2,
      );
      const weighted = rowWeights ? (errors as Tensor2D).mul<Tensor2D>(rowWeights) : (errors as Tensor2D);
      const outputGradient = weighted.div<Tensor2D>(features.shape[0]);
      const outputKernel = weightOf('output/kernel') as Tensor2D;
      const back = outputGradient.matMul<Tensor2D>(outputKernel, false, true);
      const hiddenGradient = one('ReluGrad', float, [back, hidden]) as Tensor2D;
      return {
        gradients: {
          'hidden/kernel': features.matMul(hiddenGradient, true, false),
          'hidden/bias': hiddenGradient.sum(0),
          'output/kernel': hidden.matMul(outputGradient, true, false),
          'output/bias': outputGradient.sum(0),
        },
        losses: losses as Tensor1D,
        logits,
      };
    },
  };
}

/** Keras' Dense defaults, from the seed: Glorot uniform kernels, zero biases. */
export function initialHead(featureSize: number, hidden: number, seed: number): Arrays {
  const glorot = (name: string, inputs: number, outputs: number) => {
    const next = random(seed, 'image', 'initial', name);
    const limit = Math.sqrt(6 / (inputs + outputs));
    const data = new Float32Array(inputs * outputs);
    for (let at = 0; at < data.length; at++) data[at] = (2 * next() - 1) * limit;
    return { shape: [inputs, outputs], data };
  };
  const zeros = (length: number) => ({ shape: [length], data: new Float32Array(length) });
  const classes = TYPE_CODES.length;
  return {
    'hidden/kernel': glorot('hidden', featureSize, hidden),
    'hidden/bias': zeros(hidden),
    'output/kernel': glorot('output', hidden, classes),
    'output/bias': zeros(classes),
  };
}
