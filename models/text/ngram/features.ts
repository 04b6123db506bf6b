import type { ProductText } from '../../../data/catalogue.ts';
import { allocateRows, type SparseRows } from '../../linear/sparse-rows.ts';
import { COLUMNS, createGramCounter, type Grams, SPACE } from './grams.ts';

export interface FeatureOptions {
  /** How much the designation counts when it is counted again; 0: not at all. */
  readonly designationWeight: number;
}

/** Inverse document frequency of every column, [COLUMNS]; smooth: 1 + ln((1 + n) / (1 + n having it)). */
export type Idf = Float32Array;

/**
 * The features of counted text, one for each of `columns`: tf-idf with tf = 1 + ln(count), words and characters
 * each scaled to length 1 (as two TfidfVectorizers in a FeatureUnion), plus `designationWeight` times the same
 * of the designation alone.
 */
export function weigh(
  grams: Grams,
  idf: Idf,
  { designationWeight }: FeatureOptions,
  out: Float32Array,
): void {
  const { columns, counts, designationCounts } = grams;
  const squares = [0, 0];
  const designationSquares = [0, 0];
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] as number;
    const space = column < SPACE ? 0 : 1;
    const frequency = idf[column] as number;
    squares[space] = (squares[space] as number) + (tf(counts[at] as number) * frequency) ** 2;
    const own = tf(designationCounts[at] as number) * frequency;
    designationSquares[space] = (designationSquares[space] as number) + own ** 2;
  }
  const scale = squares.map((sum) => 1 / Math.sqrt(sum || 1));
  const designationScale = designationSquares.map((sum) => designationWeight / Math.sqrt(sum || 1));
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] as number;
    const space = column < SPACE ? 0 : 1;
    out[at] =
      (idf[column] as number) *
      (tf(counts[at] as number) * (scale[space] as number) +
        tf(designationCounts[at] as number) * (designationScale[space] as number));
  }
}

function tf(count: number): number {
  return count === 0 ? 0 : 1 + Math.log(count);
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
