import type { ProductText } from '../../data/catalogue.ts';
import { withoutMarkup } from '../text/clean.ts';
import type { KnownWords } from './known-words.ts';
import { guessLanguage, LANGUAGES } from './language.ts';

/** A long text is judged by its beginning: what this costs stays bounded. */
const MOST_JUDGED = 400;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const LETTER = /\p{L}/u;

/** A product's readable text: its length in characters (blanks in a row are one), and its words, lower-case, stop words and numbers included. */
export interface ReadText {
  readonly characters: number;
  readonly words: readonly string[];
}

export function readText({ designation, description }: ProductText): ReadText {
  const text = `${withoutMarkup(designation)} ${withoutMarkup(description)}`
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim();
  return { characters: text.length, words: text.toLowerCase().match(WORD) ?? [] };
}

/** What counts as vocabulary: sizes and article numbers are new in every product. */
export function vocabularyOf({ words }: ReadText): string[] {
  return words.filter((word) => LETTER.test(word));
}

/** [characters, words, per mille of its words that the training did not know, index of its language]; null: no word. */
export type TextStatistics = [number, number, number, number];

export function textStatistics(product: ProductText, known: KnownWords): TextStatistics | null {
  const read = readText(product);
  if (read.words.length === 0) return null;
  const judged = { ...read, words: read.words.slice(0, MOST_JUDGED) };
  const vocabulary = vocabularyOf(judged);
  const unknown = vocabulary.filter((word) => !known.has(word)).length;
  return [
    read.characters,
    read.words.length,
    Math.round((1000 * unknown) / Math.max(1, vocabulary.length)),
    LANGUAGES.indexOf(guessLanguage(judged.words)),
  ];
}
