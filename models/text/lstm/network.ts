import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-node';
import { operations, type TensorFlow } from '../../training/operations.ts';
import type { FusedName } from './weights.ts';

/** The weights at this moment, by name. Whoever asks disposes of the answer (or calls inside a tidy). */
export type WeightOf = (name: FusedName) => Tensor;

export type Step = {
  /** By the weights' names. */
  gradients: Record<FusedName, Tensor>;
  /** Cross-entropy of each row. */
  losses: Tensor1D;
  logits: Tensor2D;
};

/**
 * Embedding -> LSTM -> dense, in TensorFlow's fused operations, with the gradients written out. Equal to the
 * layers API's model (recurrentActivation 'sigmoid') and several times as fast; a test compares the two.
 */
export interface Network {
  /** Class scores before the softmax, [batch, classes]. `words`: numbers, [length, batch], int32. */
  logits(weightOf: WeightOf, words: Tensor2D): Tensor2D;
  /** One pass forward and back for the mean cross-entropy. `labels`: one-hot, [batch, classes]. */
  step(weightOf: WeightOf, words: Tensor2D, labels: Tensor2D): Step;
  dispose(): void;
}

interface Forward {
  readonly sequence: Tensor;
  readonly start: Tensor;
  /** Of the fused LSTM, as its gradient wants them: i, cs, f, o, ci, co, h, each [length, batch, units]. */
  readonly inner: readonly Tensor[];
  readonly last: Tensor2D;
  readonly logits: Tensor2D;
}

export function createNetwork(tf: TensorFlow, units: number): Network {
  const { attribute, type, run, one } = operations(tf);
  const float = type('T');
  const noPeephole = tf.keep(tf.zeros([units]));
  const lengths = new Map<number, Tensor>();
  const noPeepholes = attribute('use_peephole', 'bool', false);
  const forwardAttributes = [float, noPeepholes, attribute('cell_clip', 'float', 0)];
  const segmentAttributes = [float, type('Tindices', 'int32'), type('Tnumsegments', 'int32')];

  /** The fused LSTM wants its length as int64, which the JavaScript API does not have. */
  const int64 = (length: number): Tensor => {
    let tensor = lengths.get(length);
    if (!tensor) {
      tensor = toInt64(tf, length);
      lengths.set(length, tensor);
    }
    return tensor;
  };

  function lstmInputs(weightOf: WeightOf, sequence: Tensor, start: Tensor): Tensor[] {
    const peepholes = [noPeephole, noPeephole, noPeephole];
    const length = int64(sequence.shape[0] ?? 0);
    return [length, sequence, start, start, weightOf('lstmKernel'), ...peepholes, weightOf('lstmBias')];
  }

  function forward(weightOf: WeightOf, words: Tensor2D): Forward {
    const [length, batch] = words.shape;
    const sequence = tf.gather(weightOf('embeddings'), words);
    const start = tf.zeros([batch, units]);
    const inner = run('BlockLSTMV2', forwardAttributes, lstmInputs(weightOf, sequence, start), 7);
    const outputs = inner[6] as Tensor;
    const last = outputs.slice([length - 1, 0, 0], [1, batch, units]).reshape([batch, units]) as Tensor2D;
    const logits = last.matMul(weightOf('denseKernel') as Tensor2D).add<Tensor2D>(weightOf('denseBias'));
    return { sequence, start, inner, last, logits };
  }

  function backward(weightOf: WeightOf, words: Tensor2D, pass: Forward, errors: Tensor2D) {
    const [length, batch] = words.shape;
    const embeddings = weightOf('embeddings');
    // Only the last output reaches the loss.
    const lastGradient = errors.matMul(weightOf('denseKernel') as Tensor2D, false, true);
    const earlier = tf.zeros([length - 1, batch, units]);
    const outputGradient = tf.concat([earlier, lastGradient.reshape([1, batch, units])], 0);
    const [sequenceGradient, , , lstmKernel, , , , lstmBias] = run(
      'BlockLSTMGradV2',
      [float, noPeepholes],
      [
        ...lstmInputs(weightOf, pass.sequence, pass.start),
        ...pass.inner,
        tf.zeros([length, batch, units]),
        outputGradient,
      ],
      8,
    ) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    return {
      embeddings: one('UnsortedSegmentSum', segmentAttributes, [
        sequenceGradient,
        words,
        tf.scalar(embeddings.shape[0] ?? 0, 'int32'),
      ]),
      lstmKernel,
      lstmBias,
      denseKernel: pass.last.matMul(errors, true),
      denseBias: errors.sum(0),
    };
  }

  return {
    logits: (weightOf, words) => tf.tidy(() => forward(weightOf, words).logits),
    step: (weightOf, words, labels) =>
      tf.tidy(() => {
        const pass = forward(weightOf, words);
        const [losses, difference] = run(
          'SoftmaxCrossEntropyWithLogits',
          [float],
          [pass.logits, labels],
          2,
        ) as [Tensor1D, Tensor2D];
        const errors = difference.div<Tensor2D>(tf.scalar(words.shape[1]));
        return { gradients: backward(weightOf, words, pass, errors), losses, logits: pass.logits };
      }),
    dispose() {
      noPeephole.dispose();
      for (const tensor of lengths.values()) tensor.dispose();
    },
  };
}

function toInt64(tf: TensorFlow, value: number): Tensor {
  const { attribute, type, one } = operations(tf);
  const attributes = [type('SrcT', 'int32'), type('DstT', 'int64'), attribute('Truncate', 'bool', false)];
  // tfjs-node announces every int64 tensor on the console, where it would only puzzle the reader of a log.
  const { warn } = console;
  console.warn = () => {};
  try {
    return tf.tidy(() => tf.keep(one('Cast', attributes, [tf.scalar(value, 'int32')])));
  } finally {
    console.warn = warn;
  }
}
