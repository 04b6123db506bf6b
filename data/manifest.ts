import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import { writeAtomic } from './atomic.ts';
import type { CatalogueFiles, CatalogueRef } from './catalogue.ts';
import { forEachConcurrently } from './concurrency.ts';

/** Every CSV and picture of a catalogue, by its path relative to the catalogue's folder. */
export type Manifest = Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;

/** Names that the challenge gives to pictures; whatever else lies in the folders is no part of the catalogue. */
const PICTURE = /^image_(train|test)\/image_[\w-]{1,64}_product_[\w-]{1,64}\.jpg$/;
export const PICTURE_FOLDERS = ['image_train', 'image_test'];
const FILES_AT_ONCE = 4;

export function isPictureFile(path: string): boolean {
  return PICTURE.test(path);
}

/**
 * Hashes every CSV and picture of a catalogue and writes the manifest. The catalogue is only read.
 * @param onFraction called with 0..1 of the bytes hashed
 */
export async function takeInventory(options: {
  directory: string;
  files: CatalogueFiles;
  manifest: string;
  signal?: AbortSignal | undefined;
  onFraction?: (fraction: number) => void;
}): Promise<CatalogueRef> {
  const { directory, files } = options;
  const found: Array<{ name: string; bytes: number }> = [];
  const look = async (name: string) => {
    const facts = await stat(join(directory, name)).catch(ignoreMissing);
    if (facts?.isFile()) found.push({ name, bytes: facts.size });
  };
  for (const name of [files.xTrain, files.yTrain, files.xTest]) await look(name);
  const csvs = found.length;
  for (const folder of PICTURE_FOLDERS) {
    const names = (await readdir(join(directory, files.images, folder)).catch(ignoreMissing)) ?? [];
    const pictures = names.filter((name) => isPictureFile(`${folder}/${name}`));
    await forEachConcurrently(pictures, FILES_AT_ONCE, (name) => look(`${files.images}/${folder}/${name}`));
  }

  const total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  const hashes = new Map<string, { bytes: number; sha256: string }>();
  let hashed = 0;
  await forEachConcurrently(found, FILES_AT_ONCE, async ({ name, bytes }) => {
    options.signal?.throwIfAborted();
    hashes.set(name, { bytes, sha256: await hashFile(join(directory, name)) });
    hashed += bytes;
    options.onFraction?.(hashed / total);
  });
  const manifest: Manifest = Object.fromEntries([...hashes].sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeAtomic(options.manifest, `${JSON.stringify(manifest, null, 1)}\n`);
  return {
    directory,
    files,
    contentHash: contentHash(manifest),
    manifest: options.manifest,
    bytes: total,
    pictures: found.length - csvs,
  };
}

/** @throws EtiquetteError CATALOGUE_MANIFEST_INVALID */
export async function readManifest(file: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Manifest;
  } catch (error) {
    throw new EtiquetteError(
      'CATALOGUE_MANIFEST_INVALID',
      `${file} cannot be read. Fetch the catalogue again.`,
      { cause: error },
    );
  }
}

export async function hashFile(file: string, algorithm: 'sha256' | 'md5' = 'sha256'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** One hash for all of a catalogue's content. */
export function contentHash(manifest: Manifest): string {
  const hash = createHash('sha256');
  for (const [name, { bytes, sha256 }] of Object.entries(manifest))
    hash.update(`${name}\t${bytes}\t${sha256}\n`);
  return hash.digest('hex');
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
