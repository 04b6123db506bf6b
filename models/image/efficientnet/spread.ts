import { type Grid, gridOf } from '../../onnx/quantise.ts';

/**
 * What values are like, channel by channel, as a batch norm has learned it from ImageNet. With it the 8-bit grids come
 * from the weights alone, without a picture (Nagel et al., Data-Free Quantization, 2019).
 */
export interface Spread {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** How far a channel goes from its mean, in deviations. */
const REACH = 5;

/** Of the sum of two values that know nothing of each other. */
export function addSpreads(one: Spread, other: Spread): Spread {
  return {
    mean: one.mean.map((value, channel) => value + (other.mean[channel] ?? 0)),
    deviation: one.deviation.map((value, channel) => Math.hypot(value, other.deviation[channel] ?? 0)),
  };
}

/** For values as the batch norm leaves them. */
export function linearGrid({ mean, deviation }: Spread): Grid {
  const reach = deviation.map((value) => REACH * value);
  const low = Math.min(...mean.map((value, channel) => value - (reach[channel] ?? 0)));
  const high = Math.max(...mean.map((value, channel) => value + (reach[channel] ?? 0)));
  return { ...gridOf(low, high), means: mean };
}

/** For values that ReLU6 has cut, normally distributed before: their means are summed over the bell, -4 to 4. */
export function relu6Grid({ mean, deviation }: Spread): Grid {
  const steps = Array.from({ length: 81 }, (_, index) => (index - 40) / 10);
  const bell = steps.map((step) => Math.exp((-step * step) / 2));
  const whole = bell.reduce((sum, weight) => sum + weight);
  const means = mean.map((value, channel) => {
    const cut = (step: number) => Math.min(Math.max(value + step * (deviation[channel] ?? 0), 0), 6);
    return steps.reduce((sum, step, index) => sum + cut(step) * (bell[index] ?? 0), 0) / whole;
  });
  return { ...gridOf(0, 6), means };
}
