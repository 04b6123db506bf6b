import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-node';
import type { TensorFlow } from '../../training/operations.ts';
import type { LstmParameters } from './parameters.ts';

type Kind = LstmParameters['pooling'];

/** How many numbers pooling leaves of each unit. */
export const POOLED: Readonly<Record<Kind, number>> = { last: 1, 'max-mean': 2 };

/**
 * Outputs of every step, [length, batch, units], to features of the text, [batch, POOLED * units].
 * Padding's outputs are zero: so that they change nothing, the largest is never below zero.
 * @param counts words of each text, [batch, 1]
 */
export function pool(tf: TensorFlow, kind: Kind, outputs: Tensor3D, counts: Tensor2D): Tensor2D {
  const [length, batch, units] = outputs.shape;
  if (kind === 'last') return outputs.slice([length - 1, 0, 0], [1, batch, units]).reshape([batch, units]);
  return tf.concat2d([outputs.max<Tensor2D>(0).relu(), outputs.sum<Tensor2D>(0).div<Tensor2D>(counts)], 1);
}

/** The gradient of `outputs`, from that of `pooled`. */
export function poolGradient(
  tf: TensorFlow,
  kind: Kind,
  {
    outputs,
    counts,
    pooled,
    gradient,
  }: {
    readonly outputs: Tensor3D;
    readonly counts: Tensor2D;
    readonly pooled: Tensor2D;
    readonly gradient: Tensor2D;
  },
): Tensor3D {
  const [length, batch, units] = outputs.shape;
  const asStep = (tensor: Tensor2D): Tensor3D => tensor.reshape([1, batch, units]);
  if (kind === 'last') {
    return tf.concat3d([tf.zeros([length - 1, batch, units]), asStep(gradient)], 0);
  }
  const largest = pooled.slice([0, 0], [batch, units]);
  const ofLargest = gradient.slice([0, 0], [batch, units]).mul<Tensor2D>(largest.greater(0).cast('float32'));
  const ofMean = gradient.slice([0, units], [batch, units]).div<Tensor2D>(counts);
  return outputs.equal(asStep(largest)).cast('float32').mul(asStep(ofLargest)).add(asStep(ofMean));
}
