import { random } from '../../../data/random.ts';
import { CONVOLUTIONS } from '../../../models/image/vgg16/architecture.ts';
import type { Arrays, NamedArray } from '../../../models/runtime/safetensors.ts';

/** VGG16's convolutions with `filters` filters a layer and random weights (He uniform): the real thing, quick. */
export function slimVgg16(filters = 4, seed = 1): Arrays {
  const next = random(seed, 'slim');
  const fill = (length: number, scale: number) =>
    Float32Array.from({ length }, () => (2 * next() - 1) * scale);
  const arrays: Record<string, NamedArray> = {};
  let inputs = 3;
  for (const { name } of CONVOLUTIONS) {
    const shape = [3, 3, inputs, filters];
    arrays[`${name}/kernel`] = { shape, data: fill(9 * inputs * filters, Math.sqrt(6 / (9 * inputs))) };
    arrays[`${name}/bias`] = { shape: [filters], data: fill(filters, 0.1) };
    inputs = filters;
  }
  return arrays;
}
