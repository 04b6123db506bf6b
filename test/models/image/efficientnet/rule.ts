import { readFile } from 'node:fs/promises';
import type { Arrays } from '../../../../models/runtime/safetensors.ts';

const SIZE = 224;

export interface Reference {
  readonly shapes: Record<string, number[]>;
  readonly everyEighthFeature: number[][];
}

export async function readReference(): Promise<Reference> {
  const file = new URL('../../../fixtures/efficientnet/reference.json', import.meta.url);
  return JSON.parse(await readFile(file, 'utf8')) as Reference;
}

/** The weights of test/fixtures/efficientnet/make.py. */
export function weightsByRule({ shapes }: Reference): Arrays {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], index) => {
      const unit = units(
        shape.reduce((size, side) => size * side, 1),
        index + 1,
      );
      const bound = Math.sqrt(6 / shape.slice(1).reduce((size, side) => size * side, 1));
      const scaled = (value: number) => {
        if (shape.length === 4) return (2 * value - 1) * bound;
        return /(weight|running_var)$/.test(name) ? value + 0.5 : value - 0.5;
      };
      return [name, { shape, data: Float32Array.from(unit, scaled) }];
    }),
  );
}

/** Its pictures, as the encoder takes them: noise by pixel, noise in blocks of 32. */
export function pictureByRule(index: number): Float32Array {
  const unit = units(3 * SIZE * SIZE, 1000 + index);
  return Float32Array.from(unit, (own, at) => {
    const column = at % SIZE;
    const row = Math.floor(at / SIZE) % SIZE;
    const value = index === 1 ? (unit[at - (column % 32) - (row % 32) * SIZE] as number) : own;
    return (Math.floor(value * 256) - 127) / 128;
  });
}

/** MurmurHash3's finaliser of a counter, 24 bits of it as 0..1. */
function units(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, counter) => {
    let x = Math.imul(counter, 2654435761) + seed * 40503;
    x ^= x >>> 16;
    x = Math.imul(x, 0x85ebca6b);
    x ^= x >>> 13;
    x = Math.imul(x, 0xc2b2ae35);
    x ^= x >>> 16;
    return (x >>> 8) / 2 ** 24;
  });
}
