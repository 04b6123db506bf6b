import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseReference, type Reference } from '../drift/reference.ts';
import type { Bundle } from './format.ts';

/** What a bundle's stream is compared with, in its folder. */
export const REFERENCE = 'reference.json';

/**
 * null: it has none, since it was imported, made of too few rows or by a release of before there were references.
 * @throws EtiquetteError DRIFT_REFERENCE_INVALID
 */
export async function readReference(directory: string, { files }: Bundle): Promise<Reference | null> {
  if (!files[REFERENCE]) return null;
  return parseReference(await readFile(join(directory, REFERENCE), 'utf8'));
}
