import { randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../../../data/manifest.ts';
import { type Arrays, readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { checkConvolutions } from './architecture.ts';

/** An encoder's weights on this host. */
export interface SavedEncoder {
  readonly file: string;
  readonly sha256: string;
  /** Where the weights come from, in words. */
  readonly source: string;
}

/**
 * Stores convolutions (see `checkConvolutions`) as `<directory>/vgg16-<first 12 of the file's SHA-256>.safetensors`.
 * The same weights always give the same file.
 * @throws EtiquetteError ENCODER_FILE_INVALID.
 */
export async function saveVgg16Encoder(
  arrays: Arrays,
  directory: string,
  source: string,
): Promise<SavedEncoder> {
  checkConvolutions(arrays);
  await mkdir(directory, { recursive: true });
  const temporary = join(directory, `vgg16.${randomUUID()}.safetensors`);
  await writeSafetensors(temporary, arrays);
  const sha256 = await hashFile(temporary);
  const file = encoderPath(directory, sha256);
  await rename(temporary, file);
  return { file, sha256, source };
}

/** @throws EtiquetteError MODEL_FILE_CORRUPT, ENCODER_FILE_INVALID. */
export async function loadVgg16(file: string): Promise<Arrays> {
  const arrays = await readSafetensors(file);
  checkConvolutions(arrays);
  return arrays;
}

export function encoderPath(directory: string, sha256: string): string {
  return join(directory, `vgg16-${sha256.slice(0, 12)}.safetensors`);
}
