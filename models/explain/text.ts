import type { ProductText } from '../../data/catalogue.ts';
import { CLASSES } from '../evaluation/rows.ts';
import type { TextModel } from '../family.ts';
import { logarithm } from '../fusion/fuse.ts';
import { withoutWord, wordsOf } from '../text/words.ts';
import type { Part, TextExplanation } from './explanation.ts';

/** Words that are listed; an answer stays below 100 KB. */
const MOST_LISTED = 500;
/** Words that are left out one by one: each costs a prediction. */
const MOST_LEFT_OUT = 96;
/** Texts in one call of the model: some 40 ms with a sentence encoder. */
const BATCH = 4;

type Words = Omit<TextExplanation, keyof Part>;

/** What each word did for the code of `column`; yields between two batches. `own` is that code's probability. */
export async function* explainText(
  model: TextModel,
  product: ProductText,
  column: number,
  own: number,
): AsyncGenerator<undefined, Words> {
  const words = wordsOf(product);
  const exact = model.contributions?.(product, column);
  if (exact) {
    const listed = words.slice(0, MOST_LISTED);
    return {
      method: 'weights',
      words: listed.map((word, at) => ({ ...word, contribution: exact.words[at] as number })),
      totalWords: words.length,
      bias: exact.bias,
      others: exact.words.subarray(listed.length).reduce((sum, one) => sum + one, 0),
    };
  }
  const asked = words.slice(0, MOST_LEFT_OUT);
  const contributions: number[] = [];
  for (let from = 0; from < asked.length; from += BATCH) {
    const texts = asked.slice(from, from + BATCH).map((word) => withoutWord(product, word));
    const found = await model.predict(texts);
    texts.forEach((_, row) => {
      contributions.push(logarithm(own) - logarithm(found[row * CLASSES + column] as number));
    });
    yield;
  }
  return {
    method: 'occlusion',
    words: asked.map((word, at) => ({ ...word, contribution: contributions[at] as number })),
    totalWords: words.length,
    bias: null,
    others: null,
  };
}
