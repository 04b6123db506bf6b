import type { ProductText } from '../../data/catalogue.ts';
import { readParts } from './clean.ts';

/** A word as a person sees it: what stands between two blanks, its punctuation included. */
export interface Word {
  readonly text: string;
  readonly field: keyof ProductText;
  /** Where it stands in the field, markup counted, in UTF-16 code units; `end` is not included. */
  readonly start: number;
  readonly end: number;
}

const BLANK = /\s/;

/** The words of a product's readable text, designation first. Tags part words; entities are characters. */
export function wordsOf(product: ProductText): Word[] {
  return [...wordsOfField(product, 'designation'), ...wordsOfField(product, 'description')];
}

function wordsOfField(product: ProductText, field: keyof ProductText): Word[] {
  const words: Word[] = [];
  let text = '';
  let start = 0;
  let end = 0;
  const close = () => {
    if (text !== '') words.push({ text, field, start, end });
    text = '';
  };
  readParts(product[field], (part, from, to) => {
    const literal = part.length === to - from;
    for (let at = 0; at < part.length; at++) {
      const character = part.charAt(at);
      if (BLANK.test(character)) {
        close();
        continue;
      }
      if (text === '') start = literal ? from + at : from;
      end = literal ? from + at + 1 : to;
      text += character;
    }
  });
  close();
  return words;
}

/** The product with a blank in the place of one of its words. */
export function withoutWord(product: ProductText, { field, start, end }: Word): ProductText {
  const text = product[field];
  return { ...product, [field]: `${text.slice(0, start)} ${text.slice(end)}` };
}
