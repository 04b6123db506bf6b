import type { ProductText } from '../../../data/catalogue.ts';
import { allocateRows, type SparseRows } from '../../linear/sparse-rows.ts';
import { createGramStore } from './gram-store.ts';
import { COLUMNS, createGramCounter, type Grams, SPACE } from './grams.ts';

export interface FeatureOptions {
  /** How much the designation counts when it is counted again; 0: not at all. */
  readonly designationWeight: number;
}

/** Inverse document frequency of every column, [COLUMNS]; smooth: 1 + ln((1 + n) / (1 + n having it)). */
export type Idf = Float32Array;

/** What the features are multiplied by, [words, characters]: each of the four parts has length 1 before its weight. */
export interface Scales {
  readonly whole: readonly [number, number];
  readonly designation: readonly [number, number];
}

export function scalesOf(
  { columns, counts, designationCounts }: Grams,
  idf: Idf,
  { designationWeight }: FeatureOptions,
): Scales {
  const squares: [number, number] = [0, 0];
  const designationSquares: [number, number] = [0, 0];
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] as number;
    const space = spaceOf(column);
    const frequency = idf[column] as number;
    squares[space] += (tf(counts[at] as number) * frequency) ** 2;
    designationSquares[space] += (tf(designationCounts[at] as number) * frequency) ** 2;
  }
  const [words, characters] = squares;
  const [designationWords, designationCharacters] = designationSquares;
  return {
    whole: [1 / Math.sqrt(words || 1), 1 / Math.sqrt(characters || 1)],
    designation: [
      designationWeight / Math.sqrt(designationWords || 1),
      designationWeight / Math.sqrt(designationCharacters || 1),
    ],
  };
}

/**
 * The features of counted text, one for each of `columns`: tf-idf with tf = 1 + ln(count), words and characters
 * each scaled to length 1 (as two TfidfVectorizers in a FeatureUnion), plus `designationWeight` times the same
 * of the designation alone.
 */
export function weigh(grams: Grams, idf: Idf, options: FeatureOptions, out: Float32Array): void {
  const { columns, counts, designationCounts } = grams;
  const { whole, designation } = scalesOf(grams, idf, options);
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] as number;
    const space = spaceOf(column);
    out[at] =
      (idf[column] as number) *
      (tf(counts[at] as number) * whole[space] + tf(designationCounts[at] as number) * designation[space]);
  }
}

export function tf(count: number): number {
  return count === 0 ? 0 : 1 + Math.log(count);
}

/** 0: words; 1: characters. */
export function spaceOf(column: number): 0 | 1 {
  return column < SPACE ? 0 : 1;
}

/** Collects the training rows' text, then turns it into features. */
export interface FeatureCollector {
  /** @returns how many different grams the row has; 0 when it has no text. */
  add(product: ProductText): number;
  /** Learns the frequencies and weighs all rows with them. Ends the collector. */
  finish(options: FeatureOptions): { rows: SparseRows; idf: Idf };
}

export function createFeatureCollector(): FeatureCollector {
  const count = createGramCounter();
  const having = new Uint32Array(COLUMNS);
  const store = createGramStore();
  let rowCount = 0;
  let entries = 0;

  return {
    add(product) {
      const grams = count(product);
      const { length } = grams.columns;
      store.add(grams);
      for (const column of grams.columns) having[column] = (having[column] as number) + 1;
      rowCount += 1;
      entries += length;
      return length;
    },
    finish(options) {
      const idf = Float32Array.from(having, (rows) => 1 + Math.log((1 + rowCount) / (1 + rows)));
      const rows = allocateRows(rowCount, COLUMNS, entries);
      let row = 0;
      let to = 0;
      for (const grams of store.drain()) {
        const from = to;
        to += grams.columns.length;
        rows.column.set(grams.columns, from);
        weigh(grams, idf, options, rows.value.subarray(from, to));
        row += 1;
        rows.starts[row] = to;
      }
      return { rows, idf };
    },
  };
}
