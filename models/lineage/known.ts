import type { VersionRecord } from '../../data/versions/record.ts';
import type { Deployment } from '../bundle/deployments.ts';
import type { Bundle } from '../bundle/format.ts';
import type { ToldRun } from '../tracking/told.ts';
import type { IdKind } from './lineage.ts';

/** What the sources know, and what of it is about an id. */
export interface Known {
  readonly bundles: readonly { readonly bundle: Bundle; readonly stored: boolean }[];
  readonly deployments: readonly Deployment[];
  readonly versions: readonly VersionRecord[];
  readonly runs: readonly ToldRun[];
}

/** The dataset that a run was about. */
export const datasetTag = ({ said }: ToldRun) => said.tags.get('etiquette.dataset_version') ?? null;

export function kindOf(id: string, { bundles, deployments, versions, runs }: Known): IdKind | null {
  const record = versions.find(({ version }) => version === id);
  if (record) return record.kind === 'predictions' ? 'batch' : record.kind;
  const served = deployments.some(({ version }) => version === id);
  if (served || bundles.some(({ bundle }) => bundle.version === id)) return 'bundle';
  if (runs.some(({ said }) => said.bundle?.version === id)) return 'bundle';
  const trainedOn = bundles.some(({ bundle }) => bundle.lineage?.datasetVersion === id);
  if (trainedOn || runs.some((run) => datasetTag(run) === id)) return 'dataset';
  if (runs.some(({ sent }) => sent?.run === id)) return 'mlflow';
  const ofRun = runs.some(({ run }) => run.runId === id) || versions.some(({ runId }) => runId === id);
  return ofRun || bundles.some(({ bundle }) => bundle.madeBy.runId === id) ? 'run' : null;
}

/** The bundles that an id is about. */
export function versionsOf(id: string, kind: IdKind, { bundles, versions, runs }: Known): string[] {
  const made = (is: (bundle: Bundle) => boolean) =>
    bundles.filter(({ bundle }) => is(bundle)).map(({ bundle }) => bundle.version);
  const kept = (is: (record: VersionRecord) => boolean) =>
    versions.filter((record) => record.kind === 'bundle' && is(record)).map(({ version }) => version);
  const said = (is: (run: ToldRun) => boolean) =>
    runs.filter(is).flatMap((run) => run.said.bundle?.version ?? []);
  const all = {
    prediction: () => [],
    bundle: () => [id],
    batch: () => versions.flatMap(({ version, from }) => (version === id ? (from.bundle ?? []) : [])),
    dataset: () => [
      ...made(({ lineage }) => lineage?.datasetVersion === id),
      ...kept(({ from }) => from.datasetVersion === id),
      ...said((run) => datasetTag(run) === id),
    ],
    run: () => [
      ...made(({ madeBy }) => madeBy.runId === id),
      ...kept(({ runId }) => runId === id),
      ...said(({ run }) => run.runId === id),
    ],
    mlflow: () => said(({ sent }) => sent?.run === id),
  }[kind]();
  return unique(all, (version) => version);
}

/** Runs speak of more than what they made: their champion, the run before. */
export function concerns(told: ToldRun, id: string, kind: IdKind, about: readonly string[]): boolean {
  const { run, said, sent } = told;
  if (kind === 'run') return run.runId === id;
  if (kind === 'mlflow') return sent?.run === id;
  if (kind === 'dataset' && datasetTag(told) === id) return true;
  return said.bundle !== null && about.includes(said.bundle.version);
}

/** The first of each. */
export function unique<T>(items: readonly T[], key: (item: T) => string): T[] {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(key(item)) && seen.add(key(item)));
}
