import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { CatalogueFiles, CatalogueRef } from '../data/catalogue.ts';
import { fetchCatalogue } from '../data/fetch.ts';
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

/** Stage «fetch»: brings the catalogue to this host, whole and unchanged, or says why not. */
export function createFetch({ config }: ActivityDeps) {
  return function fetch(input: { source: string | null }): Promise<CatalogueRef> {
    const source = input.source ?? config.CATALOGUE_URL;
    return durable('fetch', ({ signal, report }) =>
      fetchCatalogue({
        source,
        directory: catalogueDirectory(config, source),
        files: catalogueFiles(config),
        signal,
        onProgress: report,
      }),
    );
  };
}
