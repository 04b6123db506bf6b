import { EtiquetteError } from '../../../errors.ts';
import { type Grid, quantise } from '../../onnx/quantise.ts';
import { encodeOnnx, type OnnxModel, type OnnxNode, type OnnxTensor } from '../../onnx/write.ts';
import type { Arrays } from '../../runtime/safetensors.ts';
import { BLOCKS, LITE0, samePadding } from './architecture.ts';
import { addSpreads, linearGrid, relu6Grid, type Spread } from './spread.ts';

export const INPUT = 'pixels';
export const OUTPUT = 'features';

interface Convolution {
  /** Names of the weights. */
  readonly weight: string;
  readonly norm: string;
  readonly shape: readonly [out: number, inPerGroup: number, side: number, side: number];
  readonly stride?: number;
  readonly relu6: boolean;
}

/**
 * EfficientNet-Lite0's weights, named as in the Python package efficientnet-lite-pytorch -> an ONNX file:
 * `pixels` float32 [batch, 3, 224, 224], (x - 127) / 128 of RGB 0..255, -> `features` float32 [batch, 1280],
 * what the classifier of ImageNet saw. All convolutions but
 * the first count in 8 bits. The same weights always give the same bytes.
 * @throws EtiquetteError ENCODER_FILE_INVALID
 */
export function convertLite0(weights: Arrays): Uint8Array {
  const { model, grids } = lite0Graph(weights);
  return encodeOnnx(quantise(model, grids));
}

/**
 * The network in float: batch norms are folded into the convolutions before them, the classifier is left out; and the
 * 8-bit grids of its values. The pixels have none: in 8 bits the first convolution would be no quicker, and less exact.
 * @throws EtiquetteError ENCODER_FILE_INVALID
 */
export function lite0Graph(weights: Arrays): { model: OnnxModel; grids: Record<string, Grid> } {
  const graph = new Lite0Graph(weights);
  graph.convolve({
    weight: '_conv_stem',
    norm: '_bn0',
    shape: [LITE0.stem, 3, 3, 3],
    stride: 2,
    relu6: true,
  });
  BLOCKS.forEach(({ kernel, stride, expand, from, to }, index) => {
    const name = (part: string) => `_blocks.${index}.${part}`;
    const inner = from * expand;
    const entered = graph.at;
    const step = (part: string, norm: string, shape: Convolution['shape'], more: { stride?: number } = {}) =>
      graph.convolve({ weight: name(part), norm: name(norm), shape, relu6: norm !== '_bn2', ...more });
    if (expand !== 1) step('_expand_conv', '_bn0', [inner, from, 1, 1]);
    step('_depthwise_conv', '_bn1', [inner, 1, kernel, kernel], { stride });
    step('_project_conv', '_bn2', [to, inner, 1, 1]);
    if (stride === 1 && from === to) graph.addTo(entered);
  });
  graph.convolve({
    weight: '_conv_head',
    norm: '_bn1',
    shape: [LITE0.features, LITE0.last, 1, 1],
    relu6: true,
  });
  graph.add('GlobalAveragePool', [graph.at]);
  graph.add('Flatten', [graph.at], {}, OUTPUT);
  const model = {
    name: 'efficientnet-lite0',
    inputs: [{ name: INPUT, type: 'float', shape: ['batch', 3, LITE0.size, LITE0.size] }],
    outputs: [{ name: OUTPUT, type: 'float', shape: ['batch', LITE0.features] }],
    constants: graph.constants,
    nodes: graph.nodes,
  } as const;
  return { model, grids: graph.grids };
}

/** Nodes in a chain: each starts from `at`, the last one's output. */
class Lite0Graph {
  readonly nodes: OnnxNode[] = [];
  readonly constants: Record<string, OnnxTensor> = {
    zero: { type: 'float', shape: [], data: Float32Array.of(0) },
    six: { type: 'float', shape: [], data: Float32Array.of(6) },
  };
  readonly grids: Record<string, Grid> = {};
  at = INPUT;
  /** Of the linear values. */
  readonly #spreads = new Map<string, Spread>();
  #side: number = LITE0.size;
  readonly #weights: Arrays;

  constructor(weights: Arrays) {
    this.#weights = weights;
  }

  add(op: string, inputs: string[], attributes: OnnxNode['attributes'] = {}, output?: string): void {
    this.at = output ?? `x${this.nodes.length}`;
    this.nodes.push({ op, inputs, outputs: [this.at], attributes });
  }

  /** Adds an earlier value to the last one; both are linear. */
  addTo(earlier: string): void {
    const spreads = [this.#spreads.get(this.at), this.#spreads.get(earlier)];
    this.add('Add', [this.at, earlier]);
    const [one, other] = spreads;
    if (one && other) this.#linear(addSpreads(one, other));
  }

  #linear(spread: Spread): void {
    this.grids[this.at] = linearGrid(spread);
    this.#spreads.set(this.at, spread);
  }

  convolve({ weight, norm, shape, stride = 1, relu6 }: Convolution): void {
    const [channels, inPerGroup, kernel] = shape;
    const { kernels, bias, spread } = this.#fold(weight, norm, shape);
    this.constants[`${weight}.weight`] = { type: 'float', shape, data: kernels };
    this.constants[`${weight}.bias`] = { type: 'float', shape: [channels], data: bias };
    const [before, after] = samePadding(this.#side, kernel, stride);
    this.#side = Math.ceil(this.#side / stride);
    this.add('Conv', [this.at, `${weight}.weight`, `${weight}.bias`], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [before, before, after, after],
      group: inPerGroup === 1 ? channels : 1,
    });
    if (relu6) {
      this.add('Clip', [this.at, 'zero', 'six']);
      this.grids[this.at] = relu6Grid(spread);
    } else this.#linear(spread);
  }

  /** Batch norm is a factor and a shift per channel once trained: convolution and norm become one convolution. */
  #fold(
    weight: string,
    norm: string,
    shape: readonly number[],
  ): { kernels: Float32Array; bias: Float32Array; spread: Spread } {
    const [channels = 0] = shape;
    const kernels = Float32Array.from(this.#array(`${weight}.weight`, shape));
    const bias = new Float32Array(channels);
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
      this.#array(`${norm}.${part}`, [channels]),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const perChannel = kernels.length / channels;
    for (let channel = 0; channel < channels; channel++) {
      const factor = (gamma[channel] ?? 0) / Math.sqrt((variance[channel] ?? 0) + LITE0.epsilon);
      bias[channel] = (beta[channel] ?? 0) - (mean[channel] ?? 0) * factor;
      const from = channel * perChannel;
      for (let at = from; at < from + perChannel; at++) kernels[at] = (kernels[at] ?? 0) * factor;
    }
    return { kernels, bias, spread: { mean: beta, deviation: gamma.map(Math.abs) } };
  }

  #array(name: string, shape: readonly number[]): Float32Array {
    const array = this.#weights[name];
    if (array?.shape.join() !== shape.join()) {
      throw new EtiquetteError(
        'ENCODER_FILE_INVALID',
        `These are not EfficientNet-Lite0's weights: ${name} should be [${shape}], it is ` +
          `${array ? `[${array.shape}]` : 'missing'}. Fetch the file again.`,
      );
    }
    return array.data;
  }
}
