import { Buffer } from 'node:buffer';

/** Beyond these the least frequent are forgotten. */
const MOST_WORDS = 50_000;
/** A word of one product alone may be a name or a number; of the others one can only ask whether they are known. */
const LEAST_PRODUCTS = 2;
const BITS_PER_WORD = 10;
const LEAST_BITS = 1 << 10;
const MOST_BITS = 1 << 19;
const HASHES = 4;

/** Tells whether a word was among the training's; one in a hundred that was not passes for it. */
export interface KnownWords {
  has(word: string): boolean;
}

/**
 * The words of the training as a Bloom filter in base64: 87 KB at most, and nobody reads the words out of it. The
 * order of the products does not matter.
 */
export async function collectKnownWords(
  products: Iterable<readonly string[]> | AsyncIterable<readonly string[]>,
): Promise<string> {
  const counts = new Map<string, number>();
  for await (const words of products) {
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const kept = [...counts]
    .filter(([, count]) => count >= LEAST_PRODUCTS)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MOST_WORDS);
  let size = LEAST_BITS;
  while (size < MOST_BITS && size < BITS_PER_WORD * kept.length) size *= 2;
  const bits = Buffer.alloc(size / 8);
  for (const [word] of kept) {
    for (const bit of bitsOf(word, size)) bits[bit >> 3] = (bits[bit >> 3] as number) | (1 << (bit & 7));
  }
  return bits.toString('base64');
}

export function openKnownWords(base64: string): KnownWords {
  const bits = Buffer.from(base64, 'base64');
  const size = bits.length * 8;
  return {
    has: (word) => bitsOf(word, size).every((bit) => ((bits[bit >> 3] as number) >> (bit & 7)) & 1),
  };
}

/** `size` is a power of two. */
function bitsOf(word: string, size: number): number[] {
  let [one, two] = [0x811c9dc5, 0x9e3779b9];
  for (let at = 0; at < word.length; at++) {
    const unit = word.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x85ebca6b);
    two ^= two >>> 13;
  }
  // Odd, so that the steps never fall on one bit.
  const step = (two ^ (one >>> 15)) | 1;
  return Array.from({ length: HASHES }, (_, hash) => ((one ^ (one >>> 16)) + hash * step) & (size - 1));
}
