import type { Grams } from './grams.ts';

/** Entries of a block; blocks are let go one by one. */
const BLOCK = 1 << 21;
/** A gram in 4 bytes: 17 bits of column, 8 of its count, 7 of the designation's. */
const COLUMN_BITS = 17;
const COUNT_BITS = 8;
const COLUMN = (1 << COLUMN_BITS) - 1;
const COUNT = (1 << COUNT_BITS) - 1;
const DESIGNATION_COUNT = (1 << (32 - COLUMN_BITS - COUNT_BITS)) - 1;

interface Block {
  readonly lengths: number[];
  readonly grams: Uint32Array;
  /** Counts that do not fit, by place; hardly any. Their count in `grams` is 0, which no gram has. */
  readonly large: Map<number, { readonly count: number; readonly designationCount: number }>;
  size: number;
}

/** The grams of a catalogue's rows: most of the memory of a training, so 4 bytes each. */
export interface GramStore {
  add(grams: Grams): void;
  /** All rows in their order, each good until the next is asked for. What was read is gone from the store. */
  drain(): Generator<Grams>;
}

export function createGramStore(): GramStore {
  const blocks: Block[] = [];
  return {
    add(grams) {
      const { length } = grams.columns;
      let block = blocks.at(-1);
      if (block === undefined || block.size + length > block.grams.length) {
        const size = Math.max(BLOCK, length);
        block = { lengths: [], grams: new Uint32Array(size), large: new Map(), size: 0 };
        blocks.push(block);
      }
      for (let at = 0; at < length; at++) write(block, grams, at);
      block.lengths.push(length);
    },
    *drain() {
      for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
        const longest = block.lengths.reduce((most, length) => Math.max(most, length), 0);
        const columns = new Uint32Array(longest);
        const counts = new Uint16Array(longest);
        const designationCounts = new Uint16Array(longest);
        let from = 0;
        for (const length of block.lengths) {
          for (let at = 0; at < length; at++) {
            const packed = block.grams[from + at] as number;
            const count = (packed >>> COLUMN_BITS) & COUNT;
            const large = count === 0 ? block.large.get(from + at) : undefined;
            columns[at] = packed & COLUMN;
            counts[at] = large?.count ?? count;
            designationCounts[at] = large?.designationCount ?? packed >>> (COLUMN_BITS + COUNT_BITS);
          }
          from += length;
          yield {
            columns: columns.subarray(0, length),
            counts: counts.subarray(0, length),
            designationCounts: designationCounts.subarray(0, length),
          };
        }
      }
    },
  };
}

function write(block: Block, grams: Grams, at: number): void {
  const column = grams.columns[at] as number;
  const count = grams.counts[at] as number;
  const designationCount = grams.designationCounts[at] as number;
  if (count <= COUNT && designationCount <= DESIGNATION_COUNT) {
    block.grams[block.size] =
      column | (count << COLUMN_BITS) | (designationCount << (COLUMN_BITS + COUNT_BITS));
  } else {
    block.grams[block.size] = column;
    block.large.set(block.size, { count, designationCount });
  }
  block.size += 1;
}
