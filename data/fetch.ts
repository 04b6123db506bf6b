import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import type { CatalogueFiles, CatalogueRef } from './catalogue.ts';
import { takeInventory } from './manifest.ts';

export interface FetchProgress {
  /** 0..1 of the whole fetch. */
  readonly fraction: number;
  readonly message: string;
}

export interface FetchOptions {
  /** A base URL (http, https) or a folder. */
  readonly source: string;
  /** The work folder: manifest.json goes there, and whatever is downloaded or extracted. One a source. */
  readonly directory: string;
  readonly files: CatalogueFiles;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
}

/**
 * Brings a catalogue to local disk and lists its content. A folder with pictures is used where it is and never
 * written to.
 * @throws EtiquetteError CATALOGUE_NOT_FOUND when the folder holds no catalogue
 */
export async function fetchCatalogue(options: FetchOptions): Promise<CatalogueRef> {
  const { files, signal } = options;
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const home = await fromFolder(resolve(options.source), directory, options);
  options.onProgress?.({ fraction: 0.8, message: 'Hashing' });
  return takeInventory({
    directory: home,
    files,
    manifest: join(directory, 'manifest.json'),
    signal,
    onFraction: (part) => options.onProgress?.({ fraction: 0.8 + 0.2 * part, message: 'Hashing' }),
  });
}

/** @returns the folder that holds the catalogue from now on */
async function fromFolder(source: string, directory: string, { files }: FetchOptions): Promise<string> {
  const tables = [files.xTrain, files.yTrain, files.xTest];
  const present = new Set<string>();
  for (const name of tables) if (await exists(join(source, name))) present.add(name);
  if (!present.has(files.xTrain) && !present.has(files.xTest)) {
    throw new EtiquetteError(
      'CATALOGUE_NOT_FOUND',
      `${source} holds neither ${files.xTrain} nor ${files.xTest}. Give the folder that holds them.`,
    );
  }
  return source;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
