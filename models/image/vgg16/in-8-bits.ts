import { type Grid, gridOf, quantise } from '../../onnx/quantise.ts';
import type { OnnxModel } from '../../onnx/write.ts';
import type { Arrays, NamedArray } from '../../runtime/safetensors.ts';
import { CONVOLUTIONS } from './architecture.ts';
import type { Calibration, ChannelRange } from './calibrate.ts';
import { pooledOf, vgg16Graph } from './graph.ts';

/**
 * A channel whose largest value is a hundredth of the layer's would use 2 of 255 steps. ReLU lets a channel be divided
 * by any factor that the next layer's weights are multiplied by; dividing by the root of its share leaves half of
 * the unevenness to those weights, which have 8 bits too (Nagel et al., Data-Free Quantization, 2019).
 */
const EVENNESS = 0.5;
/** A channel that calibration saw asleep is not blown up without a limit. */
const LEAST_SHARE = 1 / 64;
/** Of the range of the first convolution, whose largest values are a few hard edges: cut, they are edges still. */
const FIRST_REACH = 0.8;

/**
 * The convolutions in 8 bits, but for the first, which sees pixels. Ranges are the calibration's; what goes beyond is
 * cut. Needs no more than the weights and the calibration: the same give the same bytes.
 */
export function vgg16In8Bits(weights: Arrays, size: number, calibration: Calibration): OnnxModel {
  const even: Record<string, NamedArray> = {};
  const grids: Record<string, Grid> = {};
  let before: Float32Array | undefined;
  for (const [layer, { name, pooled }] of CONVOLUTIONS.entries()) {
    const range = calibration[name] as ChannelRange;
    const factors = factorsOf(range);
    even[`${name}/kernel`] = scaleKernel(weights[`${name}/kernel`] as NamedArray, factors, before);
    even[`${name}/bias`] = divide(weights[`${name}/bias`] as NamedArray, factors);
    const most = range.most.map((value, channel) => value / (factors[channel] as number));
    const means = range.mean.map((value, channel) => value / (factors[channel] as number));
    const reach = layer === 0 ? FIRST_REACH : 1;
    const grid = { ...gridOf(0, reach * Math.max(...most) || 1), means };
    grids[name] = grid;
    // A maximum of values is one of them. The pooled means are higher, but no convolution misses them much.
    if (pooled) grids[pooledOf(name)] = grid;
    before = factors;
  }
  return quantise(vgg16Graph(even, size, before), grids);
}

function factorsOf({ most }: ChannelRange): Float32Array {
  const largest = Math.max(...most);
  return most.map((value) => (largest > 0 ? Math.max(value / largest, LEAST_SHARE) ** EVENNESS : 1));
}

/** [3, 3, in, out]: divided by the factor of its output, multiplied by that of its input. */
function scaleKernel({ shape, data }: NamedArray, outputs: Float32Array, inputs?: Float32Array): NamedArray {
  const width = outputs.length;
  const depth = inputs?.length ?? 1;
  const scaled = data.map((value, at) => {
    const factor = inputs ? (inputs[Math.trunc(at / width) % depth] as number) : 1;
    return (value * factor) / (outputs[at % width] as number);
  });
  return { shape, data: scaled };
}

function divide({ shape, data }: NamedArray, factors: Float32Array): NamedArray {
  return { shape, data: data.map((value, channel) => value / (factors[channel] as number)) };
}
