import type { ProductText } from '../../../data/catalogue.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { wordsOf } from '../words.ts';
import { type FeatureOptions, type Idf, scalesOf, spaceOf, tf } from './features.ts';
import { createGramReader, type Grams, wordsIn } from './grams.ts';

const CLASSES = TYPE_CODES.length;

export interface NgramWeights {
  /** Row-major [COLUMNS, 27]. */
  readonly weights: Float32Array;
  readonly idf: Idf;
  readonly parameters: FeatureOptions;
}

/**
 * How much each word of `wordsOf(product)` adds to a code's margin: their sum is the margin less the bias. A
 * gram's part is divided evenly among its occurrences; characters belong to the word they are in, half of a
 * pair to each of its words. `grams` are the product's.
 */
export function attribute(
  product: ProductText,
  grams: Grams,
  { weights, idf, parameters }: NgramWeights,
  label: number,
): Float64Array {
  const words = wordsOf(product);
  // Words of letters and digits, as they are numbered in reading, to the words between blanks that hold them.
  const holders = words.flatMap(({ text }, at) => wordsIn(text).map(() => at));
  const places = new Map(Array.from(grams.columns, (column, at) => [column, at]));
  const scales = scalesOf(grams, idf, parameters);
  const result = new Float64Array(words.length);
  let inDesignation = true;

  const share = (column: number): number => {
    const at = places.get(column) as number;
    const count = grams.counts[at] as number;
    const own = grams.designationCounts[at] as number;
    const space = spaceOf(column);
    const value =
      (tf(count) * scales.whole[space]) / count +
      (inDesignation ? (tf(own) * scales.designation[space]) / own : 0);
    return value * (idf[column] as number) * (weights[column * CLASSES + label] as number);
  };
  const add = (word: number, contribution: number) => {
    result[word] = (result[word] as number) + contribution;
  };
  const reader = createGramReader({
    word: (column, word) => add(holders[word] as number, share(column)),
    pair(column, word) {
      const half = share(column) / 2;
      add(holders[word - 1] as number, half);
      add(holders[word] as number, half);
    },
    characters: (column, chunk) => add(chunk, share(column)),
  });
  reader.begin();
  reader.read(product.designation);
  inDesignation = false;
  reader.read(product.description);
  return result;
}
