import { PADDING } from '../vocabulary.ts';
import type { LstmParameters } from './parameters.ts';

/** A text as the network reads it: for each word its rows of the embedding table; none: the zero vector. */
export type Text = readonly Int32Array[];

/** Texts in the order in which the fused LSTM reads: word `step` of text `at` has the place step * size + at. */
export interface Batch {
  readonly length: number;
  readonly size: number;
  /** Rows of the embedding table, place after place. */
  readonly rows: Int32Array;
  /** The place of each of `rows`, rising. A place without rows is the zero vector. */
  readonly places: Int32Array;
  /** For each place the one whose word comes there when every text is read backwards. */
  readonly turned: Int32Array;
  /** Words of each text, 1 at least, [size]. */
  readonly counts: Float32Array;
}

const PADDING_ROWS = Int32Array.of(PADDING);
const NO_ROWS = new Int32Array(0);

/**
 * Fills texts up to the same length: with zero vectors before the words, no more than the longest text needs
 * (masked), or to `length` words with the vector of padding.
 * @param texts of `length` words at most
 */
export function createBatch(
  texts: readonly Text[],
  { padding, length: longest }: Pick<LstmParameters, 'padding' | 'length'>,
): Batch {
  const size = texts.length;
  const masked = padding === 'masked';
  const length = masked ? texts.reduce((most, text) => Math.max(most, text.length), 1) : longest;
  const fill = masked ? NO_ROWS : PADDING_ROWS;
  const found = new Array<Int32Array>(length * size).fill(fill);
  const turned = Int32Array.from(found.keys());
  let total = 0;
  texts.forEach((text, at) => {
    const start = padding === 'post' ? 0 : length - text.length;
    const place = (word: number) => (start + word) * size + at;
    text.forEach((rows, word) => {
      found[place(word)] = rows;
      turned[place(word)] = place(text.length - 1 - word);
      total += rows.length;
    });
    total += (length - text.length) * fill.length;
  });
  const rows = new Int32Array(total);
  const places = new Int32Array(total);
  let from = 0;
  for (let place = 0; place < found.length; place++) {
    const own = found[place] as Int32Array;
    rows.set(own, from);
    places.fill(place, from, from + own.length);
    from += own.length;
  }
  const counts = Float32Array.from(texts, (text) => Math.max(1, text.length));
  return { length, size, rows, places, turned, counts };
}
