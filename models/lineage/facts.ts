import type { VersionRecord } from '../../data/versions/record.ts';
import { services } from '../bundle/deployments.ts';
import type { Bundle } from '../bundle/format.ts';
import type { ToldRun } from '../tracking/told.ts';
import { datasetTag, type Known, unique } from './known.ts';
import type { BundleLineage, DatasetLineage, IdKind, Kept, PredictionCount, RunLineage } from './lineage.ts';

/** A run's page in Temporal's Web UI. */
export type Page = (workflowId: string, runId: string) => string;

export function runOf({ run, said, sent }: ToldRun, page: Page): RunLineage {
  const { workflowId, runId, startedAt } = run;
  const tag = (name: string) => said.tags.get(name) ?? null;
  return {
    workflowId,
    runId,
    url: page(workflowId, runId),
    startedAt: new Date(startedAt).toISOString(),
    outcome: tag('etiquette.outcome'),
    reason: tag('etiquette.reason'),
    revision: tag('mlflow.source.git.commit'),
    bundle: said.bundle?.version ?? null,
    dataset: tag('etiquette.dataset_version'),
    mlflow: sent && { run: sent.run, url: sent.url, modelVersion: sent.modelVersion },
  };
}

/** Runs that only what they made tells of: MLflow was off. */
export function untold(
  id: string,
  kind: IdKind,
  about: readonly string[],
  { bundles, versions }: Known,
  page: Page,
): RunLineage[] {
  const nothing = { startedAt: null, outcome: null, reason: null, mlflow: null };
  const run = (ids: { workflowId: string | null; runId: string | null }, more: Partial<RunLineage>) =>
    ids.workflowId === null || ids.runId === null
      ? []
      : [
          {
            ...{ workflowId: ids.workflowId, runId: ids.runId, url: page(ids.workflowId, ids.runId) },
            ...{ ...nothing, revision: null, bundle: null, dataset: null, ...more },
          },
        ];
  const wanted = (runId: string | null) => (kind === 'run' ? runId === id : kind !== 'mlflow');
  return [
    ...bundles
      .filter(({ bundle }) => about.includes(bundle.version) && wanted(bundle.madeBy.runId))
      .flatMap(({ bundle: { version, lineage, madeBy } }) =>
        run(madeBy, {
          revision: madeBy.revision ?? null,
          bundle: version,
          dataset: lineage?.datasetVersion ?? null,
        }),
      ),
    ...versions
      .filter(({ kind: what, version, runId }) =>
        kind === 'run' ? runId === id && what === 'dataset' : kind === 'dataset' && version === id,
      )
      .flatMap((record) => run(record, { dataset: record.version })),
  ];
}

export function datasetOf(version: string, { bundles, versions }: Known): string | null {
  const made = bundles.find(({ bundle }) => bundle.version === version)?.bundle.lineage;
  return made?.datasetVersion ?? recordOf(version, versions)?.from.datasetVersion ?? null;
}

export function bundleLineage(version: string, known: Known, predictions: PredictionCount): BundleLineage {
  const found = known.bundles.find(({ bundle }) => bundle.version === version);
  return {
    version,
    stored: found?.stored ?? false,
    made: found ? madeOf(found.bundle) : null,
    predictions,
    served: services(known.deployments).filter((service) => service.version === version),
    kept: keptOf(version, known.versions),
    batches: known.versions.flatMap((record) => (record.from.bundle === version ? record.version : [])),
  };
}

function madeOf(bundle: Bundle): NonNullable<BundleLineage['made']> {
  const { family, text, image, encoders, fusion, metrics, lineage, madeBy } = bundle;
  return { family, text, image, encoders, fusion, metrics, lineage, madeBy };
}

export function datasetLineage(version: string, known: Known, runs: readonly ToldRun[]): DatasetLineage {
  const bundles = known.bundles.filter(({ bundle }) => bundle.lineage?.datasetVersion === version);
  const told = runs.filter((run) => datasetTag(run) === version);
  const { lineage } = bundles[0]?.bundle ?? {};
  const param = (name: string) => told.flatMap(({ said }) => said.params.get(name) ?? [])[0] ?? null;
  const seed = param('seed');
  const sources = [
    ...bundles.flatMap(({ bundle }) => bundle.madeBy.source ?? []),
    ...told.flatMap(({ said }) => said.params.get('catalogue') ?? []),
  ];
  return {
    version,
    catalogueHash:
      lineage?.catalogueHash ??
      recordOf(version, known.versions)?.from.catalogueHash ??
      param('catalogue.hash'),
    sources: unique(sources, (source) => source),
    seed: lineage?.seed ?? (seed === null ? null : Number(seed)),
    split: lineage?.split ?? null,
    counts: lineage?.counts ?? null,
    corrections: lineage?.corrections ?? null,
    bundles: bundles.map(({ bundle }) => bundle.version),
    kept: keptOf(version, known.versions),
  };
}

function recordOf(version: string, versions: readonly VersionRecord[]): VersionRecord | null {
  return versions.find((record) => record.version === version) ?? null;
}

function keptOf(version: string, versions: readonly VersionRecord[]): Kept | null {
  const record = recordOf(version, versions);
  if (!record) return null;
  const files = record.outputs.map(({ path, bytes, md5, sha256 }) => {
    return { path, pointer: `versions/${version}/${path}.dvc`, bytes, md5, sha256 };
  });
  return { at: record.at, pushes: record.pushes, files };
}
