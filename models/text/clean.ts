import { Parser } from 'htmlparser2';
import type { ProductText } from '../../data/catalogue.ts';
import { FRENCH_STOP_WORDS } from './stop-words.ts';

/**
 * Characters read of each field, markup included. The longest descriptions of the catalogue have 12,000;
 * beyond that only hostile input is left, and this bound keeps its cost to milliseconds.
 */
const LONGEST_FIELD = 16_000;

/** Letters with their accents, and digits. An apostrophe parts words: l'été is "l" and "été". */
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

const UNREAD_TAGS: ReadonlySet<string> = new Set(['script', 'style']);

/**
 * The words of a product's designation and description, in reading order: no markup, lower-case, accents
 * kept, French stop words left out. Training and serving share this one function. Empty when there is
 * nothing to read.
 * @example clean({ designation: "L'été", description: '<b>Chaise&nbsp;pliante</b>' }); // ['été', 'chaise', 'pliante']
 */
export function clean({ designation, description }: ProductText): string[] {
  const text = `${withoutMarkup(designation)} ${withoutMarkup(description)}`;
  const words = text.normalize('NFC').toLowerCase().match(WORD) ?? [];
  return words.filter((word) => !FRENCH_STOP_WORDS.has(word));
}

/** The text of a field that may hold HTML: tags become spaces, entities characters; at most LONGEST_FIELD is read. */
export function withoutMarkup(field: string): string {
  const parts: string[] = [];
  readParts(field, (text) => parts.push(text));
  return parts.join('');
}

/**
 * Calls `part` with each piece of a field's readable text, in order, and where it stands in the field: from its
 * first character up to, not including, `end`. A piece that is not as long as its place is an entity's character.
 */
export function readParts(field: string, part: (text: string, start: number, end: number) => void): void {
  let unread = 0;
  const blank = () => part(' ', parser.startIndex, parser.endIndex + 1);
  const parser = new Parser({
    onopentagname(name) {
      if (UNREAD_TAGS.has(name)) unread += 1;
      blank();
    },
    ontext(text) {
      if (unread === 0) part(text, parser.startIndex, parser.endIndex + 1);
    },
    onclosetag(name) {
      if (UNREAD_TAGS.has(name)) unread -= 1;
      blank();
    },
  });
  parser.end(field.slice(0, LONGEST_FIELD));
}
