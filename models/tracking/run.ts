import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { isEtiquetteError } from '../../errors.ts';
import type { Mlflow } from './client.ts';
import type { TrackedRun } from './outbox.ts';
import { type Metric, metricId, type Wanted } from './wanted.ts';

/** The original's name for a run. */
const RUN_NAME = 'Train_Concatenate_Model';
/** By this tag a run is found again, whoever created it and was killed. */
export const RUN_TAG = 'etiquette.temporal_run_id';

/** Most entities in one log-batch, of each kind. */
const MOST_METRICS = 1000;
const MOST_PARAMS = 100;
const MOST_TAGS = 100;

interface RunAnswer {
  readonly info: { readonly run_id: string; readonly artifact_uri: string; readonly status: string };
  readonly data: {
    readonly params?: readonly KeyValue[];
    readonly tags?: readonly KeyValue[];
    readonly metrics?: readonly { readonly key: string }[];
  };
  readonly inputs?: {
    readonly dataset_inputs?: readonly { readonly dataset: { readonly digest: string } }[];
  };
}
interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface RunMirror {
  readonly id: string;
  readonly experiment: string;
  readonly artifactRoot: string;
  readonly url: string;
  /** Sends what the server lacks of `wanted`; files that are gone come back. */
  bring(wanted: Wanted): Promise<{ missing: string[] }>;
  tag(tags: Readonly<Record<string, string>>): Promise<void>;
  /** Sets the final status, which MLflow shows as the end. */
  close(end: NonNullable<Wanted['end']>): Promise<void>;
}

/** Finds the experiment by name, or makes it. */
export async function ensureExperiment(mlflow: Mlflow, name: string): Promise<string> {
  const find = async () => {
    const { experiment } = await mlflow.read<{ experiment: { experiment_id: string } }>(
      'experiments/get-by-name',
      { experiment_name: name },
    );
    return experiment.experiment_id;
  };
  try {
    return await find();
  } catch (error) {
    if (!isEtiquetteError(error) || error.code !== 'MLFLOW_NOT_FOUND') throw error;
  }
  try {
    const body = { name, tags: [{ key: 'mlflow.experimentKind', value: 'custom_model_development' }] };
    const made = await mlflow.change<{ experiment_id: string }>('POST', 'experiments/create', body, {
      idempotent: false,
    });
    return made.experiment_id;
  } catch (error) {
    // Somebody else was quicker.
    if (isEtiquetteError(error) && error.details.code === 'RESOURCE_ALREADY_EXISTS') return await find();
    throw error;
  }
}

/**
 * Finds a training run's MLflow run by its tag, or makes it, and reads what the server already has: what was
 * sent before a crash is not sent again.
 */
export async function mirrorRun(mlflow: Mlflow, experiment: string, run: TrackedRun): Promise<RunMirror> {
  const id = (await findRun(mlflow, experiment, run.runId)) ?? (await createRun(mlflow, experiment, run));
  const { run: there } = await mlflow.read<{ run: RunAnswer }>('runs/get', { run_id: id });
  const tags = new Map((there.data.tags ?? []).map(({ key, value }) => [key, value]));
  const params = new Set((there.data.params ?? []).map(({ key }) => key));
  const metrics = new Set<string>();
  for (const { key } of there.data.metrics ?? []) {
    for (const step of await stepsOf(mlflow, id, key)) metrics.add(metricId(key, step));
  }
  const datasets = new Set((there.inputs?.dataset_inputs ?? []).map(({ dataset }) => dataset.digest));
  const artifacts = new Map<string, number>();
  const listed = new Set<string>();
  let { status } = there.info;

  /** Not tried again blindly: the next mirror looks first what of it has arrived. */
  const logBatch = async (batch: { metrics?: Metric[]; params?: KeyValue[]; tags?: KeyValue[] }) => {
    await mlflow.change('POST', 'runs/log-batch', { run_id: id, ...batch }, { idempotent: false });
    for (const { key, step } of batch.metrics ?? []) metrics.add(metricId(key, step));
    for (const { key } of batch.params ?? []) params.add(key);
    for (const { key, value } of batch.tags ?? []) tags.set(key, value);
  };
  const pairs = (map: ReadonlyMap<string, string>) => [...map].map(([key, value]) => ({ key, value }));

  async function sendArtifacts(wanted: ReadonlyMap<string, string>): Promise<string[]> {
    const missing: string[] = [];
    for (const [path, file] of wanted) {
      const folder = posix.dirname(path);
      if (!listed.has(folder)) {
        for (const [name, bytes] of await listArtifacts(mlflow, id, folder)) artifacts.set(name, bytes);
        listed.add(folder);
      }
      const size = await stat(file).then(
        (found) => found.size,
        () => null,
      );
      if (size === null) missing.push(path);
      else if (artifacts.get(path) !== size) {
        await mlflow.upload({ root: there.info.artifact_uri, path }, file);
        artifacts.set(path, size);
      }
    }
    return missing;
  }

  return {
    id,
    experiment,
    artifactRoot: there.info.artifact_uri,
    url: `${mlflow.uri}/#/experiments/${experiment}/runs/${id}`,
    async bring(wanted) {
      for (const batch of chunks(
        pairs(wanted.params).filter(({ key }) => !params.has(key)),
        MOST_PARAMS,
      )) {
        await logBatch({ params: batch });
      }
      const changed = pairs(wanted.tags).filter(({ key, value }) => tags.get(key) !== value);
      for (const batch of chunks(changed, MOST_TAGS)) await logBatch({ tags: batch });
      const fresh = [...wanted.metrics].filter(([key]) => !metrics.has(key)).map(([, metric]) => metric);
      for (const batch of chunks(fresh, MOST_METRICS)) await logBatch({ metrics: batch });
      const { dataset } = wanted;
      if (dataset && !datasets.has(dataset.digest)) {
        const { name, digest, source } = dataset;
        const entry = { name, digest, source_type: 'local', source: JSON.stringify({ uri: source }) };
        const datasets_ = [{ dataset: entry, tags: [{ key: 'mlflow.data.context', value: 'training' }] }];
        await mlflow.change('POST', 'runs/log-inputs', { run_id: id, datasets: datasets_ });
        datasets.add(digest);
      }
      return { missing: await sendArtifacts(wanted.artifacts) };
    },
    async tag(wanted) {
      const changed = Object.entries(wanted)
        .filter(([key, value]) => tags.get(key) !== value)
        .map(([key, value]) => ({ key, value }));
      if (changed.length > 0) await logBatch({ tags: changed });
    },
    async close(end) {
      if (status === end.status) return;
      await mlflow.change('POST', 'runs/update', { run_id: id, status: end.status, end_time: end.at });
      status = end.status;
    },
  };
}

async function findRun(mlflow: Mlflow, experiment: string, runId: string): Promise<string | null> {
  const { runs } = await mlflow.search<{ runs?: RunAnswer[] }>('runs/search', {
    experiment_ids: [experiment],
    filter: `tags."${RUN_TAG}" = '${runId}'`,
    max_results: 1,
  });
  return runs?.[0]?.info.run_id ?? null;
}

async function createRun(mlflow: Mlflow, experiment: string, run: TrackedRun): Promise<string> {
  const body = {
    experiment_id: experiment,
    run_name: RUN_NAME,
    start_time: run.startedAt,
    tags: [{ key: RUN_TAG, value: run.runId }],
  };
  const made = await mlflow.change<{ run: RunAnswer }>('POST', 'runs/create', body, { idempotent: false });
  return made.run.info.run_id;
}

async function stepsOf(mlflow: Mlflow, run: string, key: string): Promise<number[]> {
  const steps: number[] = [];
  for (let token = ''; ; ) {
    const page = await mlflow.read<{ metrics?: { step?: number | string }[]; next_page_token?: string }>(
      'metrics/get-history',
      { run_id: run, metric_key: key, max_results: '10000', ...(token === '' ? {} : { page_token: token }) },
    );
    for (const { step } of page.metrics ?? []) steps.push(Number(step ?? 0));
    if (!page.next_page_token) return steps;
    token = page.next_page_token;
  }
}

/** Sizes of the files of one artifact folder, by their whole path. */
async function listArtifacts(mlflow: Mlflow, run: string, folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (let token = ''; ; ) {
    const page = await mlflow.read<{
      files?: { path: string; is_dir?: boolean; file_size?: number | string }[];
      next_page_token?: string;
    }>('artifacts/list', {
      run_id: run,
      ...(folder === '.' ? {} : { path: folder }),
      ...(token === '' ? {} : { page_token: token }),
    });
    for (const { path, is_dir, file_size } of page.files ?? [])
      if (!is_dir) sizes.set(path, Number(file_size ?? 0));
    if (!page.next_page_token) return sizes;
    token = page.next_page_token;
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
