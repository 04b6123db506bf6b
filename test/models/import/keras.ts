import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TYPE_CODES } from '../../../data/type-codes.ts';

/** Models saved by Keras with what Keras answers for them; make.py beside them made them. */
export const FIXTURES = fileURLToPath(new URL('../../fixtures/keras/', import.meta.url));

export type Format = 'keras2' | 'keras3';
export const FORMATS: readonly Format[] = ['keras2', 'keras3'];

export interface Predictions {
  readonly ids: readonly (readonly number[])[];
  readonly pictures: readonly string[];
  /** Rows in the models' own column order. */
  readonly text: readonly (readonly number[])[];
  readonly image: readonly (readonly number[])[];
}

/** A copy of the five files, to be broken. */
export async function copyOriginal(format: Format): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'import-'));
  await cp(join(FIXTURES, format), directory, { recursive: true });
  return directory;
}

export async function readPredictions(format: Format): Promise<Predictions> {
  return JSON.parse(await readFile(join(FIXTURES, format, 'predictions.json'), 'utf8'));
}

/** Texts that the original's cleaning and tokenizer turn into these ids. */
export async function textsOf(format: Format, ids: Predictions['ids']): Promise<string[]> {
  const { config } = JSON.parse(await readFile(join(FIXTURES, format, 'tokenizer_config.json'), 'utf8'));
  const words: Record<string, string> = JSON.parse(config.index_word);
  return ids.map((row) =>
    row
      .filter((id) => id !== 0)
      .map((id) => (id === 1 ? 'zzz' : words[id]))
      .join(' '),
  );
}

/** Rows by index of the mapper -> rows in TYPE_CODES order. */
export function byTypeCode(row: readonly number[], mapper: readonly number[]): number[] {
  return TYPE_CODES.map((code) => row[mapper.indexOf(code)]!);
}

/** What Keras made of string labels "0".."26": sorted as words. Column -> index of the mapper. */
export const LEXICOGRAPHIC = Array.from({ length: 27 }, (_, index) => String(index))
  .sort()
  .map(Number);
