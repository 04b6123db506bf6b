import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../../config.ts';

/** Made by make.py in this folder, with SentencePiece itself and the encoder's numpy form. */
export const FIXTURES = join(PROJECT, 'test', 'fixtures', 'sentence-encoder');

export interface TinyReference {
  readonly texts: readonly { text: string; ids: number[]; embedding: number[] }[];
}

export interface RealReference {
  readonly ids: readonly [text: string, ids: number[]][];
  readonly embeddings: readonly [text: string, base64: string][];
  /** Of the ids of all texts of the challenge's sample, a line a text. */
  readonly sample: { readonly texts: number; readonly sha256: string };
}

export const tinyReference = () => read<TinyReference>('tiny.json');
export const realReference = () => read<RealReference>('real.json');

/** The tiny encoder's package, as an installer would leave it. */
export const installTiny = async () => ({
  weights: join(FIXTURES, 'tiny.npz'),
  tokenizer: join(FIXTURES, 'tiny.model'),
});

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let product = 0;
  let left = 0;
  let right = 0;
  for (let index = 0; index < a.length; index++) {
    const [x = 0, y = 0] = [a[index], b[index]];
    product += x * y;
    left += x * x;
    right += y * y;
  }
  return product / Math.sqrt(left * right);
}

async function read<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(join(FIXTURES, name), 'utf8')) as T;
}
