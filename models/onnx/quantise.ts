import type { OnnxModel, OnnxNode, OnnxTensor } from './write.ts';

/** Where 8 bits stand on the number line: value = (byte - zeroPoint) * scale. */
export interface Grid {
  readonly scale: number;
  readonly zeroPoint: number;
  /** What each channel is on average, where known: what rounded weights make of it is taken from the bias again. */
  readonly means?: Float32Array;
}

/** The grid whose ends are the least that hold zero and both limits. */
export function gridOf(low: number, high: number): Grid {
  const from = Math.min(low, 0);
  const scale = Math.fround((Math.max(high, 0) - from) / 255);
  return { scale, zeroPoint: Math.round((0 - from) / scale) };
}

/** What a pair of weights may add up to: times 255 it just fits 16 bits with a sign. */
const PAIR = 128;

/**
 * A float model -> the same with convolutions in 8 bits, more than twice as fast. A convolution with a grid for its
 * input must have one for its output; a Clip or Relu after it is left to that grid, which must end where that does.
 * A MaxPool whose input and output have the same grid compares bytes. Whatever else has a grid is brought to 8 bits and
 * back. Without grids all stays float.
 *
 * On x86 without VNNI onnxruntime adds two products of a byte and a weight in 16 bits, where they may overflow. So a
 * channel's weights are scaled such that no two of them can: a model must be as good on every machine. A
 * depthwise convolution is counted in another way and uses all 8 bits.
 * @param grids by the name of an output; of the Clip or Relu, where one follows the convolution
 */
export function quantise(model: OnnxModel, grids: Readonly<Record<string, Grid>>): OnnxModel {
  const quantised = new Quantised(model.constants, grids);
  const folded = new Set<OnnxNode>();
  for (const [index, node] of model.nodes.entries()) {
    const next = model.nodes[index + 1];
    const cut = next && CUTS.has(next.op) && next.inputs[0] === node.outputs[0] ? next : null;
    const grid = grids[node.inputs[0] ?? ''];
    if (node.op === 'Conv' && grid) {
      quantised.convolution(node, (cut ?? node).outputs[0] ?? '');
      if (cut) folded.add(cut);
    } else if (node.op === 'MaxPool' && grid && grid === grids[node.outputs[0] ?? '']) {
      quantised.inBytes(node);
    } else if (!folded.has(node)) quantised.inFloat(node);
  }
  return { ...model, constants: quantised.constants, nodes: quantised.nodes };
}

const CUTS: ReadonlySet<string> = new Set(['Clip', 'Relu']);

const scaleOf = (name: string) => `${name}.scale`;
const zeroOf = (name: string) => `${name}.zero`;
const bytesOf = (name: string) => `${name}.bytes`;

class Quantised {
  readonly constants: Record<string, OnnxTensor> = {};
  readonly nodes: OnnxNode[] = [];
  readonly #float: OnnxModel['constants'];
  readonly #grids: Readonly<Record<string, Grid>>;

  constructor(float: OnnxModel['constants'], grids: Readonly<Record<string, Grid>>) {
    this.#float = float;
    this.#grids = grids;
    for (const [name, { scale, zeroPoint }] of Object.entries(grids)) {
      this.constants[scaleOf(name)] = { type: 'float', shape: [], data: Float32Array.of(scale) };
      this.constants[zeroOf(name)] = { type: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) };
    }
  }

  /** onnxruntime makes one 8-bit addition of an Add between these. */
  inFloat(node: OnnxNode): void {
    const inputs = node.inputs.map((name) => {
      if (!(name in this.#grids)) return name;
      const outputs = [`${name}.for.${node.outputs[0]}`];
      this.nodes.push({
        op: 'DequantizeLinear',
        inputs: [bytesOf(name), scaleOf(name), zeroOf(name)],
        outputs,
      });
      return outputs[0] ?? name;
    });
    for (const name of inputs) {
      const constant = this.#float[name];
      if (constant) this.constants[name] = constant;
    }
    this.nodes.push({ ...node, inputs });
    for (const name of node.outputs) {
      if (!(name in this.#grids)) continue;
      const outputs = [bytesOf(name)];
      this.nodes.push({ op: 'QuantizeLinear', inputs: [name, scaleOf(name), zeroOf(name)], outputs });
    }
  }

  inBytes(node: OnnxNode): void {
    this.nodes.push({ ...node, inputs: node.inputs.map(bytesOf), outputs: node.outputs.map(bytesOf) });
  }

  convolution({ inputs, attributes }: OnnxNode, output: string): void {
    const [from = '', weight = '', bias = ''] = inputs;
    this.#weights(weight, bias, this.#grids[from] ?? { scale: 1, zeroPoint: 0 });
    this.nodes.push({
      op: 'QLinearConv',
      inputs: [
        ...[bytesOf(from), scaleOf(from), zeroOf(from)],
        ...[weight, scaleOf(weight), zeroOf(weight)],
        ...[scaleOf(output), zeroOf(output), bias],
      ],
      outputs: [bytesOf(output)],
      ...(attributes && { attributes }),
    });
  }

  /** Every output channel has a scale of its own; the bias counts in products of a byte and a weight. */
  #weights(weight: string, bias: string, input: Grid): void {
    const kernels = this.#constant(weight);
    const shifts = this.#constant(bias).data as Float32Array;
    const [channels = 0] = kernels.shape;
    const values = kernels.data as Float32Array;
    const perChannel = values.length / channels;
    const [, inPerGroup = 1] = kernels.shape;
    const area = perChannel / inPerGroup;
    const bytes = new Int8Array(values.length);
    const scales = new Float32Array(channels);
    const sums = new Int32Array(channels);
    for (let channel = 0; channel < channels; channel++) {
      const own = values.subarray(channel * perChannel, (channel + 1) * perChannel);
      const scale = weightScale(own, inPerGroup === 1);
      let shift = shifts[channel] ?? 0;
      scales[channel] = scale;
      own.forEach((value, at) => {
        const byte = Math.round(value / scale);
        bytes[channel * perChannel + at] = byte;
        const from = inPerGroup === 1 ? channel : Math.floor(at / area);
        shift -= (byte * scale - value) * (input.means?.[from] ?? 0);
      });
      sums[channel] = Math.round(shift / (input.scale * scale));
    }
    this.constants[weight] = { type: 'int8', shape: kernels.shape, data: bytes };
    this.constants[scaleOf(weight)] = { type: 'float', shape: [channels], data: scales };
    this.constants[zeroOf(weight)] = {
      type: 'int8',
      shape: [channels],
      data: new Int8Array(channels),
    };
    this.constants[bias] = { type: 'int32', shape: [channels], data: sums };
  }

  #constant(name: string): OnnxTensor {
    const tensor = this.#float[name];
    if (!tensor) throw new Error(`the model has no constant ${name}`);
    return tensor;
  }
}

/** What a weight of 1 stands for. One less than PAIR, as rounding may add a half to both. */
function weightScale(weights: Float32Array, depthwise: boolean): number {
  const ascending = weights.slice().sort();
  const [lowest = 0, second = 0] = ascending;
  const [highest = 0, next = 0] = ascending.subarray(-2).reverse();
  const needed = Math.max(highest, -lowest) / 127;
  const paired = Math.max(highest + next, -(lowest + second)) / (PAIR - 1);
  return Math.fround((depthwise ? needed : Math.max(needed, paired)) || 1);
}
