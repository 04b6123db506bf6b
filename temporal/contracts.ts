import type { Metrics } from '../models/bundle/format.ts';

export const STAGES = [
  'fetch',
  'validate',
  'split',
  'text',
  'features',
  'image',
  'fuse',
  'evaluate',
  'version',
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
  readonly stages: readonly StageRecord[];
  readonly metrics: Metrics | null;
  /** Folder with the evaluation report (Markdown, JSON, pictures), on the pipeline worker's host. */
  readonly report: string | null;
}

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
}

/** What activities tell their workflow while they work (signal `report`). */
export interface ActivityReport {
  readonly stage: Stage | 'predict';
  readonly fraction: number;
  readonly message: string;
  readonly epoch?: number;
  readonly epochs?: number;
}

export interface DeployModelResult {
  readonly version: string;
  readonly replaced: string | null;
  readonly reason: string;
}

export interface PredictCatalogueResult {
  readonly bundle: string;
  readonly rows: number;
  readonly pictures: number;
  readonly out: string;
}

export const WORKFLOWS = {
  trainAndDeploy: 'trainAndDeploy',
  deployModel: 'deployModel',
  predictCatalogue: 'predictCatalogue',
} as const;

/** One training and one deployment at a time: their workflow ids are fixed. */
export const TRAIN_WORKFLOW_ID = 'train-and-deploy';
export const DEPLOY_WORKFLOW_ID = 'deploy-model';

export const PROGRESS_QUERY = 'progress';
export const REPORT_SIGNAL = 'report';
