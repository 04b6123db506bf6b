import { TYPE_CODES, type TypeCode } from '../../data/type-codes.ts';
import type { NamedArray } from '../runtime/safetensors.ts';

/** How the picture model's columns are numbered: by the class index as a word, or as a number. */
export type ImageClasses = 'lexicographic' | 'index';

/** For each code in TYPE_CODES order, the column of the text model that stands for it: the mapper's index. */
export function textColumns(mapper: readonly TypeCode[]): number[] {
  return TYPE_CODES.map((code) => mapper.indexOf(code));
}

/**
 * The same for the picture model. The original gave Keras its class indexes as strings, and Keras sorted them
 * as words: column 2 is class "10", column 12 is class "2".
 */
export function imageColumns(mapper: readonly TypeCode[], classes: ImageClasses): number[] {
  const indexes = TYPE_CODES.map((_, index) => index);
  const order = classes === 'index' ? indexes : indexes.map(String).sort().map(Number);
  return textColumns(mapper).map((index) => order.indexOf(index));
}

/** A dense layer whose output j is what output `columns[j]` was. */
export function reorder(
  { kernel, bias }: { kernel: NamedArray; bias: NamedArray },
  columns: readonly number[],
): { kernel: NamedArray; bias: NamedArray } {
  return { kernel: pick(kernel, columns), bias: pick(bias, columns) };
}

/** Picks along the last axis. */
function pick({ shape, data }: NamedArray, columns: readonly number[]): NamedArray {
  const width = columns.length;
  const picked = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    columns.forEach((column, at) => {
      picked[start + at] = data[start + column] ?? 0;
    });
  }
  return { shape, data: picked };
}
