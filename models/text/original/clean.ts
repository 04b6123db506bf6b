import { Parser } from 'htmlparser2';
import type { ProductText } from '../../../data/catalogue.ts';
import { lemmatise } from './lemmatise.ts';
import { NLTK_FRENCH_STOP_WORDS } from './stop-words.ts';

/** As in our own cleaning: real descriptions are shorter, and hostile ones stay cheap. */
const LONGEST_FIELD = 16_000;

const WORDS = 10;

/** Elements whose text BeautifulSoup's get_text leaves out. */
const UNREAD_TAGS: ReadonlySet<string> = new Set(['script', 'style', 'template', 'rt', 'rp']);

/** English words that NLTK's tokenizer cuts in two. */
const CONTRACTIONS = /\b(can)(not)\b|\b(gim)(me)\b|\b(gon)(na)\b|\b(got)(ta)\b|\b(lem)(me)\b|\b(wan)(na)\b/g;

/**
 * A product's words as the original read them, for imported models only: markup cut out without a space in
 * its place, every character but a-z a space (so accents part words: "été" is "t"), lower-case, NLTK's French stop
 * words left out, English noun endings removed by WordNet, the first 10 words kept.
 *
 * The original appended a printed table to each designation in training and ignored the designation in
 * serving; here both fields are read, designation first, which is what it meant.
 */
export function cleanOriginal({ designation, description }: ProductText): string[] {
  const text = `${withoutMarkup(designation)} ${withoutMarkup(description)}`;
  const letters = text.replace(/[^a-zA-Z]/g, ' ').toLowerCase();
  const tokens = letters
    .replace(CONTRACTIONS, (word) => `${word.slice(0, 3)} ${word.slice(3)}`)
    .match(/[a-z]+/g);
  const words: string[] = [];
  for (const token of tokens ?? []) {
    if (NLTK_FRENCH_STOP_WORDS.has(token)) continue;
    words.push(lemmatise(token));
    if (words.length === WORDS) break;
  }
  return words;
}

function withoutMarkup(field: string): string {
  let text = '';
  let unread = 0;
  const parser = new Parser({
    onopentagname(name) {
      if (UNREAD_TAGS.has(name)) unread += 1;
    },
    ontext(piece) {
      if (unread === 0) text += piece;
    },
    onclosetag(name) {
      if (UNREAD_TAGS.has(name)) unread -= 1;
    },
  });
  parser.end(field.slice(0, LONGEST_FIELD));
  return text;
}
