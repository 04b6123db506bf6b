import type { Tensor, Tensor3D } from '@tensorflow/tfjs-node';
import { operations, type TensorFlow } from '../../training/operations.ts';

/** One LSTM over a sequence, in TensorFlow's fused operations. */
export interface Recurrent {
  /** @param sequence [length, batch, inputs] */
  forward(kernel: Tensor, bias: Tensor, sequence: Tensor3D): RecurrentPass;
  /** @param gradient of the outputs, [length, batch, units] */
  backward(pass: RecurrentPass, gradient: Tensor3D): { sequence: Tensor3D; kernel: Tensor; bias: Tensor };
  dispose(): void;
}

export interface RecurrentPass {
  /** [length, batch, units] */
  readonly outputs: Tensor3D;
  /** As the gradient's operation wants them again. */
  readonly inputs: readonly Tensor[];
  /** i, cs, f, o, ci, co, h, each [length, batch, units]. */
  readonly inner: readonly Tensor[];
}

export function createRecurrent(tf: TensorFlow, units: number): Recurrent {
  const { attribute, type, run } = operations(tf);
  const attributes = [type('T'), attribute('use_peephole', 'bool', false)];
  const forwardAttributes = [...attributes, attribute('cell_clip', 'float', 0)];
  const noPeephole = tf.keep(tf.zeros([units]));
  const peepholes = [noPeephole, noPeephole, noPeephole];
  const lengths = new Map<number, Tensor>();
  /** The fused LSTM wants its length as int64, which the JavaScript API does not have. */
  const int64 = (length: number): Tensor => {
    let tensor = lengths.get(length);
    if (!tensor) {
      tensor = toInt64(tf, length);
      lengths.set(length, tensor);
    }
    return tensor;
  };

  return {
    forward(kernel, bias, sequence) {
      const [length, batch] = sequence.shape;
      const start = tf.zeros([batch, units]);
      const inputs = [int64(length), sequence, start, start, kernel, ...peepholes, bias];
      const inner = run('BlockLSTMV2', forwardAttributes, inputs, 7);
      return { inputs, inner, outputs: inner[6] as Tensor3D };
    },
    backward({ inputs, inner, outputs }, gradient) {
      const ofStates = tf.zeros(outputs.shape);
      const [sequence, , , kernel, , , , bias] = run(
        'BlockLSTMGradV2',
        attributes,
        [...inputs, ...inner, ofStates, gradient],
        8,
      ) as [Tensor3D, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
      return { sequence, kernel, bias };
    },
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
