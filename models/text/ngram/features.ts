import type { ProductText } from '../../../data/catalogue.ts';
import { allocateRows, type SparseRows } from '../../linear/sparse-rows.ts';
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

/** Grams of many rows: 8 bytes each, in blocks that are let go one by one. */
interface Block {
  readonly lengths: number[];
  readonly columns: Uint32Array;
  readonly counts: Uint16Array;
  readonly designationCounts: Uint16Array;
  size: number;
}

const BLOCK = 1 << 21;

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
  const blocks: Block[] = [];
  let rowCount = 0;
  let entries = 0;

  return {
    add(product) {
      const grams = count(product);
      const { length } = grams.columns;
      let block = blocks.at(-1);
      if (block === undefined || block.size + length > block.columns.length) {
        block = newBlock(Math.max(BLOCK, length));
        blocks.push(block);
      }
      block.columns.set(grams.columns, block.size);
      block.counts.set(grams.counts, block.size);
      block.designationCounts.set(grams.designationCounts, block.size);
      block.lengths.push(length);
      block.size += length;
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
      for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
        let from = 0;
        for (const length of block.lengths) {
          const grams = {
            columns: block.columns.subarray(from, from + length),
            counts: block.counts.subarray(from, from + length),
            designationCounts: block.designationCounts.subarray(from, from + length),
          };
          rows.column.set(grams.columns, to);
          weigh(grams, idf, options, rows.value.subarray(to, to + length));
          from += length;
          to += length;
          row += 1;
          rows.starts[row] = to;
        }
      }
      return { rows, idf };
    },
  };
}

function newBlock(size: number): Block {
  return {
    lengths: [],
    columns: new Uint32Array(size),
    counts: new Uint16Array(size),
    designationCounts: new Uint16Array(size),
    size: 0,
  };
}
