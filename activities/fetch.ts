import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { CatalogueFiles, CatalogueRef } from '../data/catalogue.ts';
import { exportCorrections, type Increment } from '../data/corrections.ts';
import { fetchCatalogue, manifestOf } from '../data/fetch.ts';
import { readIncrement } from '../data/increment.ts';
import { contentHash, readManifest } from '../data/manifest.ts';
import type { TrainAndDeployInput } from '../temporal/inputs.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { noteUse } from './last-use.ts';

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

/** A catalogue with the corrections that are learned from beside it. */
export interface TrainingCatalogue extends CatalogueRef {
  /** Absent when there are none. */
  readonly corrections?: {
    readonly increment: Increment;
    /** How many times each counts in training. */
    readonly weight: number;
  };
}

/** `reused`: not a byte differs from what an earlier run fetched from there. */
export interface Fetched extends TrainingCatalogue {
  readonly reused: boolean;
}

export interface FetchInput {
  readonly source: string | null;
  /** Absent: none. */
  readonly corrections?: TrainAndDeployInput['corrections'];
}

/** Stage «fetch»: brings the catalogue to this host, whole and unchanged, and the corrections beside it, or says why not. */
export function createFetch(deps: ActivityDeps) {
  const { config } = deps;
  return function fetch(input: FetchInput): Promise<Fetched> {
    const source = input.source ?? config.CATALOGUE_URL;
    const directory = catalogueDirectory(config, source);
    return durable('fetch', async ({ signal, report }) => {
      const before = await readManifest(manifestOf(directory)).then(contentHash, () => null);
      const files = catalogueFiles(config);
      const found = await fetchCatalogue({ source, directory, files, signal, onProgress: report });
      const known = await readdir(config.corrections).catch((): string[] => []);
      const corrections = await correctionsFor(input.corrections, deps, signal);
      const seen = corrections === null || known.includes(corrections.increment.version);
      return {
        ...found,
        ...(corrections && { corrections }),
        reused: found.contentHash === before && seen,
      };
    });
  };
}

async function correctionsFor(
  asked: FetchInput['corrections'],
  { config, corrections }: ActivityDeps,
  signal: AbortSignal,
): Promise<NonNullable<TrainingCatalogue['corrections']> | null> {
  if (asked === undefined || asked === 'none') return null;
  if (asked !== 'recorded') {
    const { directory, weight } = asked;
    const work = catalogueDirectory(config, directory);
    return { increment: await readIncrement(directory, work, signal), weight };
  }
  const increment = await exportCorrections(corrections(), config.corrections, signal);
  if (increment === null) return null;
  await noteUse(increment.catalogue.directory);
  return { increment, weight: config.CORRECTION_WEIGHT };
}
