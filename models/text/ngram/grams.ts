import type { ProductText } from '../../../data/catalogue.ts';
import { withoutMarkup } from '../clean.ts';

/** Words and pairs of words are hashed to the columns below SPACE, character n-grams to those from SPACE on. */
export const SPACE = 1 << 16;
export const COLUMNS = 2 * SPACE;

const SHORTEST = 2;
const LONGEST = 5;

/** Letters with their accents, and digits, two at least: as scikit-learn's TfidfVectorizer reads words. */
const WORD = /[\p{L}\p{M}\p{N}_]{2,}/gu;
const CHUNK = /\S+/g;

/** What a product's text holds, each column once, in the order of reading. */
export interface Grams {
  readonly columns: Uint32Array;
  /** How often each is in designation and description together. */
  readonly counts: Uint16Array;
  /** How often in the designation alone. */
  readonly designationCounts: Uint16Array;
}

/** Meets every gram where it occurs, in reading order. Words and chunks are numbered through both fields. */
export interface GramVisitor {
  word(column: number, word: number): void;
  /** This word with the one before it. */
  pair(column: number, word: number): void;
  /** Characters of a chunk: what stands between two blanks. */
  characters(column: number, chunk: number): void;
}

/** As grams are read: NFC, lower-case. */
export function wordsIn(text: string): readonly string[] {
  return folded(text).match(WORD) ?? [];
}

/**
 * Reads hashed word 1-2-grams and character 2-5-grams within words (scikit-learn's char_wb: each word with a
 * space on both sides). No markup, lower-case; accents, digits and stop words stay. Deterministic.
 */
export function createGramReader(visitor: GramVisitor): { begin(): void; read(field: string): void } {
  let previous = 0;
  let wordNumber = 0;
  let chunkNumber = 0;

  return {
    begin() {
      previous = 0;
      wordNumber = 0;
      chunkNumber = 0;
    },
    read(field) {
      const lower = folded(withoutMarkup(field));
      for (const word of lower.match(WORD) ?? []) {
        const single = hash(BASIS, word);
        visitor.word(bucket(single), wordNumber);
        if (previous !== 0) visitor.pair(bucket(hash(step(previous, SPACE_CODE), word)), wordNumber);
        previous = single;
        wordNumber += 1;
      }
      for (const chunk of lower.match(CHUNK) ?? []) {
        const padded = ` ${chunk} `;
        for (let from = 0; from + SHORTEST <= padded.length; from++) {
          let state = BASIS;
          const end = Math.min(padded.length, from + LONGEST);
          for (let at = from; at < end; at++) {
            state = step(state, padded.charCodeAt(at));
            if (at - from + 1 >= SHORTEST) visitor.characters(SPACE + bucket(state), chunkNumber);
          }
        }
        chunkNumber += 1;
      }
    },
  };
}

/** Counts a product's grams. The function keeps its counters between calls; what it returns is the caller's. */
export function createGramCounter(): (product: ProductText) => Grams {
  const counts = new Uint16Array(COLUMNS);
  const designationCounts = new Uint16Array(COLUMNS);
  let touched = new Uint32Array(4096);
  let size = 0;
  let inDesignation = true;

  const add = (column: number) => {
    const count = counts[column] as number;
    if (count === 0) {
      if (size === touched.length) {
        const larger = new Uint32Array(2 * size);
        larger.set(touched);
        touched = larger;
      }
      touched[size++] = column;
    }
    if (count < 0xffff) counts[column] = count + 1;
    if (inDesignation && count < 0xffff)
      designationCounts[column] = (designationCounts[column] as number) + 1;
  };
  const reader = createGramReader({ word: add, pair: add, characters: add });

  return ({ designation, description }) => {
    size = 0;
    reader.begin();
    inDesignation = true;
    reader.read(designation);
    inDesignation = false;
    reader.read(description);
    const columns = touched.slice(0, size);
    const result = {
      columns,
      counts: new Uint16Array(size),
      designationCounts: new Uint16Array(size),
    };
    for (let at = 0; at < size; at++) {
      const column = columns[at] as number;
      result.counts[at] = counts[column] as number;
      result.designationCounts[at] = designationCounts[column] as number;
      counts[column] = 0;
      designationCounts[column] = 0;
    }
    return result;
  };
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** FNV-1a over UTF-16 code units. */
const BASIS = 0x811c9dc5 | 0;
const SPACE_CODE = 0x20;

function step(state: number, code: number): number {
  return Math.imul(state ^ code, 0x01000193);
}

function hash(state: number, text: string): number {
  let result = state;
  for (let at = 0; at < text.length; at++) result = step(result, text.charCodeAt(at));
  return result;
}

/** Murmur3's finaliser spreads FNV's state over all bits; the upper 16 are the column. */
function bucket(state: number): number {
  let mixed = state ^ (state >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 16;
}
