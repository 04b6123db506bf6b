import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-node';
import { operations, type TensorFlow } from '../../training/operations.ts';

/**
 * One LSTM over a sequence: forward in TensorFlow's fused operation, backward in the fused one of a single step. The
 * one of a sequence multiplies everything step by step; here what need not wait is multiplied for all steps at once.
 */
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
    backward({ inputs, inner }, gradient) {
      const [, sequence, start, , kernel, , , , bias] = inputs as Nine<Tensor>;
      const [length, batch, width] = sequence.shape as [number, number, number];
      const outputs = inner[6] as Tensor3D;
      const byStep = [sequence, ...inner.slice(0, 6), gradient].map((tensor) => tensor.unstack());
      const gatesSwapped = swapGates(tf, kernel as Tensor2D);
      const recurrentKernel = gatesSwapped.slice([width, 0], [units, 4 * units]);
      const ofGates: Tensor2D[] = [];
      let ofState = start;
      let ofOutput: Tensor = start;
      for (let step = length - 1; step >= 0; step--) {
        const [x, i, cs, f, o, ci, co, ofOwn] = byStep.map((steps) => steps[step]) as Nine<Tensor>;
        const before = step === 0 ? start : (byStep[2]?.[step - 1] as Tensor);
        const found = run(
          'LSTMBlockCellGrad',
          attributes,
          [
            ...[x, before, start, kernel, ...peepholes, bias],
            ...[i, cs, f, o, ci, co, ofState, ofOwn.add(ofOutput)],
          ],
          5,
        );
        ofState = found[0] as Tensor;
        const own = found[1] as Tensor2D;
        ofGates.unshift(own);
        if (step > 0) ofOutput = own.matMul(recurrentKernel, false, true);
      }
      const all = tf.concat2d(ofGates, 0);
      const earlier = tf.concat3d([tf.zeros([1, batch, units]), outputs.slice(0, length - 1)], 0);
      const read = tf.concat3d([sequence as Tensor3D, earlier], 2).reshape<Tensor2D>([-1, width + units]);
      const inputKernel = gatesSwapped.slice([0, 0], [width, 4 * units]);
      return {
        sequence: all.matMul(inputKernel, false, true).reshape([length, batch, width]),
        kernel: swapGates(tf, read.matMul(all, true) as Tensor2D),
        bias: swapGates(tf, all.sum<Tensor2D>(0, true)).reshape([4 * units]),
      };
    },
    dispose() {
      noPeephole.dispose();
      for (const tensor of lengths.values()) tensor.dispose();
    },
  };
}

type Nine<T> = [T, T, T, T, T, T, T, T, T];

/** From the gates' order of a sequence (input, forget, cell, output) to that of a step (input, cell, ...), or back. */
function swapGates(tf: TensorFlow, columns: Tensor2D): Tensor2D {
  const [input, second, third, output] = tf.split(columns, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
  return tf.concat2d([input, third, second, output], 1);
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
