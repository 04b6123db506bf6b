import type { DatasetRow } from '../../data/catalogue.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';
import type { TextModel } from '../family.ts';
import type { Scores } from './scores.ts';

export const CLASSES = TYPE_CODES.length;

/** Empty scores for n rows: uniform where a model has nothing to say. */
export function blankScores(rows: readonly DatasetRow[], text: TextModel): Scores {
  const n = rows.length;
  return {
    text: new Float32Array(n * CLASSES).fill(1 / CLASSES),
    image: new Float32Array(n * CLASSES).fill(1 / CLASSES),
    hasText: Float32Array.from(rows, (row) => (text.reads(row) ? 1 : 0)),
    hasPicture: Float32Array.from(rows, (row) => (row.picture ? 1 : 0)),
    labels: Float32Array.from(rows, (row) => (row.code === null ? -1 : TYPE_CODES.indexOf(row.code))),
  };
}

export function rowOf(matrix: Float32Array, row: number): Float32Array {
  return matrix.slice(row * CLASSES, (row + 1) * CLASSES);
}

export function copyRow(from: Float32Array, fromRow: number, to: Float32Array, toRow: number): void {
  to.set(from.subarray(fromRow * CLASSES, (fromRow + 1) * CLASSES), toRow * CLASSES);
}
