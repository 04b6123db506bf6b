import { createHash } from 'node:crypto';
import { extname, join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { CatalogueRef, DatasetRef } from '../data/catalogue.ts';
import { hashFile } from '../data/manifest.ts';
import { datasetFiles } from '../data/versions/dataset.ts';
import type { NewVersion } from '../data/versions/store.ts';
import { EtiquetteError } from '../errors.ts';
import type { Bundle } from '../models/bundle/format.ts';
import { readBundle } from '../models/bundle/load.ts';
import type { Stage } from '../temporal/contracts.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import type { TrainingCatalogue } from './fetch.ts';

export interface Pushed {
  readonly version: string;
  /** True when the remote has had it before. */
  readonly reused: boolean;
}

type Content = Omit<NewVersion, 'workflowId' | 'runId'>;

/** Stage «push-data»: the catalogue's tables and pictures, and the corrections, become a version in DVC and its remote. */
export function createPushDataset(deps: ActivityDeps) {
  return function pushDataset(input: { catalogue: TrainingCatalogue; dataset: DatasetRef }): Promise<Pushed> {
    const { catalogue, dataset } = input;
    return push(deps, 'push-data', dataset.version, async () => ({
      version: dataset.version,
      kind: 'dataset',
      from: { catalogueHash: catalogue.contentHash, datasetVersion: null, bundle: null },
      files: await datasetFiles(catalogue, dataset, catalogue.corrections?.increment),
    }));
  };
}

/** Stage «push-bundle»: every file of a bundle. */
export function createPushBundle(deps: ActivityDeps) {
  return function pushBundle({ bundle }: { bundle: string }): Promise<Pushed> {
    const directory = join(deps.config.bundles, bundle);
    return push(deps, 'push-bundle', bundle, async () =>
      bundleContent(directory, await readBundle(directory)),
    );
  };
}

/** The file of a batch prediction, by its content, bundle and catalogue. */
export function createPushPredictions(deps: ActivityDeps) {
  return async function pushPredictions(input: {
    out: string;
    bundle: string;
    catalogue: CatalogueRef;
  }): Promise<Pushed> {
    const { out, bundle } = input;
    const { contentHash } = input.catalogue;
    const sha256 = await hashFile(out);
    const version = createHash('sha256')
      .update(`${bundle}\n${contentHash}\n${sha256}`)
      .digest('hex')
      .slice(0, 16);
    return push(deps, 'predict', version, async () => ({
      version,
      kind: 'predictions',
      from: { catalogueHash: contentHash, datasetVersion: null, bundle },
      files: [{ path: `predictions${extname(out)}`, source: out, sha256 }],
    }));
  };
}

/** A bundle as a version: the folder as it is in the store. */
export function bundleContent(directory: string, { version, files, lineage }: Bundle): Content {
  return {
    version,
    kind: 'bundle',
    from: {
      catalogueHash: lineage?.catalogueHash ?? null,
      datasetVersion: lineage?.datasetVersion ?? null,
      bundle: null,
    },
    files: [
      { path: 'bundle.json', source: join(directory, 'bundle.json') },
      ...Object.entries(files).map(([path, { sha256 }]) => ({ path, source: join(directory, path), sha256 })),
    ],
  };
}

function push(
  { versions }: ActivityDeps,
  stage: Stage | 'predict',
  version: string,
  content: () => Promise<Content>,
): Promise<Pushed> {
  return durable(stage, async ({ signal, report }) => {
    if (!versions)
      throw new EtiquetteError('DVC_MISSING', 'This worker runs with DVC=off; the workflow asked for DVC.');
    if (!(await versions.find(version))) {
      report({ fraction: 0.1, message: 'Bringing files into DVC' });
      const { workflowId = null, runId = null } = Context.current().info.workflowExecution ?? {};
      await versions.add({ ...(await content()), workflowId, runId }, signal);
    }
    report({ fraction: 0.5, message: `Pushing to ${versions.remote}` });
    const { reused } = await versions.push(version, signal);
    return { version, reused };
  });
}
