import type { VersionRecord } from '../../data/versions/record.ts';
import { EtiquetteError } from '../../errors.ts';
import type { Deployment } from '../bundle/deployments.ts';
import type { ToldRun } from '../tracking/told.ts';
import { bundleLineage, datasetLineage, datasetOf, type Page, runOf, untold } from './facts.ts';
import { concerns, type Known, kindOf, unique, versionsOf } from './known.ts';
import type { Lineage, Prediction, PredictionCount } from './lineage.ts';

/** Who knows what. Each answers with nothing about what it has never heard of. */
export interface LineageSources {
  readonly predictions: {
    find(id: string): Promise<Prediction | null>;
    countOf(bundle: string): Promise<PredictionCount>;
  };
  /** Bundles in the store and those that were pruned from it. */
  bundles(): Promise<Known['bundles']>;
  deployments(): Promise<readonly Deployment[]>;
  /** Training runs that said something in which a text occurs. */
  runs(mentioning: string): Promise<readonly ToldRun[]>;
  versions(): Promise<readonly VersionRecord[]>;
  readonly page: Page;
}

export type Trace = (id: string) => Promise<Lineage>;

/** From any id to everything that it came from and that came of it. */
export function createTrace(sources: LineageSources): Trace {
  /** @throws EtiquetteError LINEAGE_UNKNOWN */
  return async function trace(id) {
    const [prediction, bundles, deployments, versions, told] = await Promise.all([
      sources.predictions.find(id),
      sources.bundles(),
      sources.deployments(),
      sources.versions(),
      sources.runs(id),
    ]);
    const known: Known = { bundles, deployments, versions, runs: told };
    const kind = prediction ? 'prediction' : kindOf(id, known);
    if (kind === null) {
      throw new EtiquetteError(
        'LINEAGE_UNKNOWN',
        `Nothing is known of "${id}". Give the id of a prediction, the version of a bundle or of a dataset, or the run id of Temporal or MLflow.`,
      );
    }
    const about = prediction ? [prediction.bundle] : versionsOf(id, kind, known);
    // A bundle's other runs and datasets speak of it, not of the id that was asked for.
    const more = await Promise.all(about.filter((one) => one !== id).map((one) => sources.runs(one)));
    const all = unique([...told, ...more.flat()], ({ run }) => run.runId);
    const relevant = all.filter((run) => concerns(run, id, kind, about));
    const runs = unique(
      [...relevant.map((run) => runOf(run, sources.page)), ...untold(id, kind, about, known, sources.page)],
      ({ runId }) => runId,
    ).sort((a, b) => ((a.startedAt ?? '') < (b.startedAt ?? '') ? -1 : 1));
    const names = unique(
      [
        ...(kind === 'dataset' ? [id] : []),
        ...about.flatMap((version) => datasetOf(version, known) ?? []),
        ...runs.flatMap(({ dataset }) => dataset ?? []),
      ],
      (name) => name,
    );
    const found = await Promise.all(
      about.map(async (version) => bundleLineage(version, known, await sources.predictions.countOf(version))),
    );
    const datasets = names.map((name) => datasetLineage(name, known, relevant));
    return { id, kind, prediction: prediction && answerOf(prediction), bundles: found, runs, datasets };
  };
}

/** What a bundle answered; what was asked, its hash included, is not for everyone who may ask for a lineage. */
function answerOf({ id, at, bundle, code, confidence }: Prediction): Prediction {
  return { id, at, bundle, code, confidence };
}
