import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { CatalogueFiles, CatalogueRef } from '../data/catalogue.ts';
import { fetchCatalogue, manifestOf } from '../data/fetch.ts';
import { contentHash, readManifest } from '../data/manifest.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';

export function catalogueFiles(config: Config): CatalogueFiles {
  return {
    xTrain: config.CATALOGUE_X_TRAIN,
    yTrain: config.CATALOGUE_Y_TRAIN,
    xTest: config.CATALOGUE_X_TEST,
    images: config.CATALOGUE_IMAGES,
    imagesArchive: config.CATALOGUE_IMAGES_ARCHIVE,
  };
}

/** Where a source's downloads and manifest are kept: one folder a source, so that a next run resumes it. */
export function catalogueDirectory(config: Config, source: string): string {
  return join(config.catalogues, createHash('sha256').update(source).digest('hex').slice(0, 16));
}

/** `reused`: not a byte differs from what an earlier run fetched from there. */
export interface Fetched extends CatalogueRef {
  readonly reused: boolean;
}

/** Stage «fetch»: brings the catalogue to this host, whole and unchanged, or says why not. */
export function createFetch({ config }: ActivityDeps) {
  return function fetch(input: { source: string | null }): Promise<Fetched> {
    const source = input.source ?? config.CATALOGUE_URL;
    const directory = catalogueDirectory(config, source);
    return durable('fetch', async ({ signal, report }) => {
      const before = await readManifest(manifestOf(directory)).then(contentHash, () => null);
      const files = catalogueFiles(config);
      const found = await fetchCatalogue({ source, directory, files, signal, onProgress: report });
      return { ...found, reused: found.contentHash === before };
    });
  };
}
