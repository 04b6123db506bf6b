import type { ProductText } from '../../../data/catalogue.ts';
import { random } from '../../../data/random.ts';
import { clean } from '../../text/clean.ts';

/** Numbers a signature: an estimated similarity is off by about 0.06 (1 / sqrt(64) / 2). */
export const SIGNATURE = 64;

const next = (stream: string) => {
  const draw = random(1, 'minhash', stream);
  return Uint32Array.from({ length: SIGNATURE }, () => Math.floor(draw() * 2 ** 32));
};

/**
 * A text's shingles, hashed: pairs of neighbouring words, or the word when it is alone; markup, letter case and
 * stop words do not count. Empty when there is nothing to read.
 */
export function shingles(product: ProductText): ReadonlySet<number> {
  const words = clean(product);
  const found = new Set<number>();
  if (words.length === 1) found.add(hash(words[0] as string));
  for (let at = 1; at < words.length; at++) found.add(hash(`${words[at - 1]} ${words[at]}`));
  return found;
}

/** Shared shingles among all that occur, 0..1. */
export function similarity(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let shared = 0;
  for (const shingle of a) if (b.has(shingle)) shared++;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}

/**
 * MinHash (Broder 1997): of each of SIGNATURE random orders of all shingles the first that the text has. Two
 * signatures agree in as large a share of places as the texts share shingles.
 */
export function createSigner(): (shingles: ReadonlySet<number>) => Uint32Array {
  const factors = next('factors').map((factor) => factor | 1);
  const offsets = next('offsets');
  return (found) => {
    const signature = new Uint32Array(SIGNATURE).fill(0xffffffff);
    for (const shingle of found) {
      for (let at = 0; at < SIGNATURE; at++) {
        const value = (Math.imul(shingle, factors[at] as number) + (offsets[at] as number)) >>> 0;
        if (value < (signature[at] as number)) signature[at] = value;
      }
    }
    return signature;
  };
}

/** FNV-1a, then Murmur3's finaliser: the orders above need every bit mixed. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
