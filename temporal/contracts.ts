import type { DatasetCorrections } from '../data/catalogue.ts';
import type { Metrics } from '../models/bundle/format.ts';
import type { DriftReport } from '../models/drift/report.ts';
import type { Level } from '../models/drift/statistic.ts';
import type { Check } from '../models/evaluation/gate.ts';
import type { Observed } from '../models/evaluation/rollout.ts';

export const STAGES = [
  'fetch',
  'validate',
  'split',
  'push-data',
  'text',
  'features',
  'image',
  'fuse',
  'evaluate',
  'version',
  'push-bundle',
  'gate',
  'deploy',
] as const;
export type Stage = (typeof STAGES)[number];

export interface StageRecord {
  readonly name: Stage;
  readonly seconds: number;
  /** True when an earlier run had already done exactly this work. */
  readonly reused: boolean;
}

export type Outcome = 'deployed' | 'rejected' | 'waiting' | 'failed';

export interface TrainAndDeployResult {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly bundle: string | null;
  /** True when the same content was in the store already. */
  readonly bundleReused: boolean;
  readonly datasetVersion: string | null;
  /** What it has learned from beside the catalogue; null when there were none, absent from runs of before there were any. */
  readonly corrections?: DatasetCorrections | null;
  readonly stages: readonly StageRecord[];
  readonly metrics: Metrics | null;
  /** What the gate asked, and what it found. */
  readonly checks: readonly Check[];
  /** Folder with the evaluation report (Markdown, JSON, pictures), on the pipeline worker's host. */
  readonly report: string | null;
  /** null when MLflow is off, or the run ended before it was heard of. */
  readonly mlflow: MlflowLink | null;
  /** What did not keep the run from its outcome, but wants a look: a remote that could not be pushed to. */
  readonly warnings: readonly string[];
}

/** Where a training run is in MLflow; `problem` is what keeps it from there: it is sent later. */
export type MlflowLink =
  | { readonly run: string; readonly url: string; readonly problem: null }
  | { readonly run: null; readonly url: null; readonly problem: string };

/** Answer of the `progress` query. */
export interface RunProgress {
  readonly stage: Stage;
  /** Of the whole run, 0..1. */
  readonly fraction: number;
  readonly message: string;
  readonly epoch: number | null;
  readonly epochs: number | null;
  readonly shard: number | null;
  readonly shards: number | null;
  /** Estimated, from the pace so far; null while there is nothing to go by. */
  readonly secondsLeft: number | null;
  readonly stages: readonly StageRecord[];
  /** Set while a person has to approve or reject the bundle. */
  readonly waiting: Waiting | null;
  readonly mlflow: MlflowLink | null;
}

export interface Waiting {
  /** All that is known: its outcome is `waiting`, its reason the gate's. */
  readonly run: TrainAndDeployResult;
  /** ISO 8601; after it the bundle is not deployed. */
  readonly until: string;
}

/** What activities tell their workflow while they work (signal `report`). */
export interface ActivityReport {
  readonly stage: Stage | 'predict' | 'track' | 'watch';
  readonly fraction: number;
  readonly message: string;
  readonly epoch?: number;
  readonly epochs?: number;
}

export interface DeployModelResult {
  /** It served already. */
  readonly reused: boolean;
  readonly version: string;
  readonly replaced: string | null;
  readonly reason: string;
  /** What was seen while it was tried. */
  readonly trials: readonly TrialRecord[];
}

export interface TrialRecord extends Observed {
  readonly kind: 'shadow' | 'canary';
  readonly seconds: number;
}

export interface PredictCatalogueResult {
  readonly bundle: string;
  readonly rows: number;
  readonly pictures: number;
  readonly out: string;
  /** The file's version in DVC; null when it was not pushed, or DVC is off. */
  readonly version: string | null;
  readonly warnings: readonly string[];
}

export interface PruneResult {
  /** Why each bundle that stays does so, by its version. */
  readonly kept: Readonly<Record<string, string>>;
  readonly bundles: readonly string[];
  /** Folders of finished stages and of exported corrections. */
  readonly stages: readonly string[];
  /** Files of features. */
  readonly features: number;
  readonly bytes: number;
}

/** Whether the stream of products is still what the champion learnt. */
export interface DriftCheck {
  /** When, ISO 8601. */
  readonly at: string;
  /** The champion, and since when it serves; null: nothing does. */
  readonly bundle: string | null;
  readonly since: string | null;
  /** null: nothing could be judged. */
  readonly level: Level | null;
  /** What the check before came to; null: there was none of this bundle. */
  readonly before: Level | null;
  /** What was found, or why nothing could be judged, in words. */
  readonly reason: string;
  readonly report: DriftReport | null;
  /** Folder with the report (JSON, Markdown in both languages, pictures), on the pipeline worker's host. */
  readonly directory: string | null;
}

/** What came of a change that is worth a training. */
export interface DriftRetraining {
  /** The training for it; null: none was started. */
  readonly run: { readonly workflowId: string; readonly runId: string } | null;
  /** In words. */
  readonly reason: string;
}

export interface WatchDriftResult extends DriftCheck {
  /** null: it was not worth one. */
  readonly retraining: DriftRetraining | null;
}

/** `left out`: there was nothing to train again, or another training took its turn. */
export interface RetrainResult {
  readonly outcome: Outcome | 'left out';
  readonly reason: string;
  readonly bundle: string | null;
}

export const WORKFLOWS = {
  trainAndDeploy: 'trainAndDeploy',
  retrain: 'retrain',
  deployModel: 'deployModel',
  predictCatalogue: 'predictCatalogue',
  track: 'track',
  prune: 'prune',
  watchDrift: 'watchDrift',
  notify: 'notify',
} as const;

/** What training runs can be asked for by. */
export const ASKED_STATUSES = [
  'running',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed_out',
] as const;
export type AskedStatus = (typeof ASKED_STATUSES)[number];

/** One training and one deployment at a time: their workflow ids are fixed. */
export const TRAIN_WORKFLOW_ID = 'train-and-deploy';
export const DEPLOY_WORKFLOW_ID = 'deploy-model';
/** One sender to MLflow at a time. */
export const TRACK_WORKFLOW_ID = 'track';

/** Of checks that people ask for; a schedule adds the time to it. */
export const WATCH_WORKFLOW_ID = 'watch-drift';

export const PROGRESS_QUERY = 'progress';
/** Updates with a Decision; refused unless the run waits for one. */
export const APPROVE_UPDATE = 'approve';
export const REJECT_UPDATE = 'reject';
export const REPORT_SIGNAL = 'report';
/** Tells a training run where it is in MLflow (MlflowLink). */
export const MLFLOW_SIGNAL = 'mlflow';
/** Tells the workflow `track` that there is something to send. */
export const WAKE_SIGNAL = 'wake';
