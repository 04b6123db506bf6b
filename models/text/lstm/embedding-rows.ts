import { UNKNOWN, type Vocabulary } from '../vocabulary.ts';
import type { LstmParameters } from './parameters.ts';

const SHORTEST = 3;
const LONGEST = 5;
/** FNV-1a's start and factor. */
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Finds the rows of the embedding table that a word's vector is made of: its own, where the vocabulary has it,
 * and those that its 3- to 5-grams of characters are hashed to, below the words'. So a word that training never
 * saw resembles those it shares letters with, as in fastText. With `subwords` 0: its own, or that of <OOV>.
 */
export function createRowFinder(
  vocabulary: Vocabulary,
  { words, subwords }: Pick<LstmParameters, 'words' | 'subwords'>,
): (word: string) => Int32Array {
  return (word) => {
    const own = vocabulary.numbers.get(word);
    const rows = own === undefined ? [] : [own];
    // The marks part a beginning and an end from the same letters inside a word; no word is without an n-gram.
    const marked = subwords === 0 ? '' : `<${word}>`;
    for (let from = 0; from + SHORTEST <= marked.length; from++) {
      let state = BASIS;
      const end = Math.min(marked.length, from + LONGEST);
      for (let at = from; at < end; at++) {
        state = Math.imul(state ^ marked.charCodeAt(at), PRIME);
        if (at - from + 1 >= SHORTEST) rows.push(words + (mixed(state) % subwords));
      }
    }
    return Int32Array.from(rows.length > 0 ? rows : [UNKNOWN]);
  };
}

/** Murmur3's finaliser spreads FNV's state over all bits. */
function mixed(state: number): number {
  let result = state ^ (state >>> 16);
  result = Math.imul(result, 0x85ebca6b);
  result ^= result >>> 13;
  result = Math.imul(result, 0xc2b2ae35);
  return (result ^ (result >>> 16)) >>> 0;
}
