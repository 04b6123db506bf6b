import {
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  type ActivityReport,
  MLFLOW_SIGNAL,
  type MlflowLink,
  PROGRESS_QUERY,
  REPORT_SIGNAL,
  type RunProgress,
  STAGES,
  type Stage,
  type StageRecord,
} from '../temporal/contracts.ts';
import { type Approval, takeDecisions } from './approval.ts';
import { describe } from './describe.ts';

/** About how much of a run each stage takes; only progress bars and the time left depend on it. */
const WEIGHTS: Readonly<Record<Stage, number>> = {
  fetch: 6,
  validate: 4,
  split: 1,
  // Beside the others: a run hardly takes longer for it.
  'push-data': 0,
  text: 22,
  features: 45,
  image: 14,
  fuse: 2,
  evaluate: 3,
  version: 1,
  'push-bundle': 0,
  gate: 1,
  deploy: 1,
};
const TOTAL = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);

export interface Tracker {
  /** Runs one stage: times it, shows it, and records whether it was reused. */
  run<T>(stage: Stage, work: () => Promise<T>, reused?: (result: T) => boolean): Promise<T>;
  shard(done: number, total: number): void;
  readonly approval: Approval;
  readonly stages: readonly StageRecord[];
  /** What the sender to MLflow last said of this run. */
  readonly mlflow: MlflowLink | null;
}

/** Keeps what people see of a run: the `progress` query, the Web UI's current details, a search attribute. */
export function trackProgress(): Tracker {
  const started = Date.now();
  const records: StageRecord[] = [];
  const fractions = new Map<Stage, number>();
  const running = new Map<Stage, ActivityReport>();
  let shards: { done: number; total: number } | null = null;
  let mlflow: MlflowLink | null = null;
  let latest: ActivityReport = { stage: 'fetch', fraction: 0, message: 'starting' };

  const progress = (): RunProgress => {
    const fraction =
      STAGES.reduce((sum, stage) => sum + (fractions.get(stage) ?? 0) * WEIGHTS[stage], 0) / TOTAL;
    const elapsed = (Date.now() - started) / 1000;
    return {
      stage: latest.stage as Stage,
      fraction,
      message: latest.message,
      epoch: latest.epoch ?? null,
      epochs: latest.epochs ?? null,
      shard: shards?.done ?? null,
      shards: shards?.total ?? null,
      secondsLeft: fraction > 0.02 ? Math.round((elapsed * (1 - fraction)) / fraction) : null,
      stages: records,
      waiting: approval.waiting,
      mlflow,
    };
  };
  const show = () => setCurrentDetails(describe(progress()));
  const approval = takeDecisions(show);
  const note = (report: ActivityReport) => {
    latest = report;
    running.set(report.stage as Stage, report);
  };

  setHandler(defineQuery<RunProgress>(PROGRESS_QUERY), progress);
  setHandler(defineSignal<[ActivityReport]>(REPORT_SIGNAL), (report) => {
    const stage = report.stage as Stage;
    // A report that comes after its stage has ended must not turn the clock back.
    if (!running.has(stage)) return;
    note(report);
    if (!(stage === 'features' && shards)) fractions.set(stage, report.fraction);
    show();
  });

  setHandler(defineSignal<[MlflowLink]>(MLFLOW_SIGNAL), (link) => {
    mlflow = link;
    if (link.run) upsertSearchAttributes({ EtiquetteMlflowRun: [link.run] });
    show();
  });

  return {
    approval,
    stages: records,
    get mlflow() {
      return mlflow;
    },
    shard(done, total) {
      shards = { done, total };
      fractions.set('features', total === 0 ? 1 : done / total);
      note({ stage: 'features', fraction: done / Math.max(total, 1), message: `${done} of ${total} shards` });
      show();
    },
    async run(stage, work, reused = () => false) {
      const from = Date.now();
      note({ stage, fraction: 0, message: 'starting' });
      upsertSearchAttributes({ EtiquetteStage: [stage] });
      show();
      const result = await work().finally(() => running.delete(stage));
      fractions.set(stage, 1);
      const still = [...running.values()].at(-1);
      if (still) latest = still;
      records.push({ name: stage, seconds: (Date.now() - from) / 1000, reused: reused(result) });
      show();
      return result;
    },
  };
}
