import { z } from 'zod';

const bundle = z.string();
/** Of the fused answers on the test rows; null: not measured. */
const weightedF1 = z.number().nullable();
/** Why, for people. */
const reason = z.string();

/** What people are told of, and what is said of each. */
const SAID = {
  /** A training run ended by itself. `waiting`: its bundle is in the store, and it was asked not to deploy. */
  'run.finished': z.object({
    outcome: z.enum(['deployed', 'rejected', 'waiting']),
    reason,
    bundle,
    datasetVersion: z.string(),
    weightedF1,
  }),
  /** A training run ended with an error, or was cancelled. */
  'run.failed': z.object({ stage: z.string(), code: z.string(), reason }),
  /** A training run waits for a person, at the latest until then. */
  'run.waiting': z.object({ reason, bundle, weightedF1, until: z.iso.datetime() }),
  /** What is asked about is no longer what the model was trained on. */
  'drift.detected': z.object({
    level: z.enum(['alert', 'retrain']),
    reason,
    bundle,
    /** Folder with the report, on the pipeline worker's host. */
    report: z.string().nullable(),
    /** Workflow id of the training that it started. */
    retraining: z.string().nullable(),
  }),
  /** A bundle went back: by itself from its trial, or because a person asked for the one before. */
  'deployment.rolled_back': z.object({
    automatic: z.boolean(),
    wentBack: bundle.nullable(),
    /** null: the champion, as before. */
    serves: bundle.nullable(),
    by: z.string(),
    reason,
  }),
  /** Somebody tries whether it arrives. */
  'notify.test': z.object({}),
} as const;

export type NoticeType = keyof typeof SAID;
export type Said<T extends NoticeType> = z.infer<(typeof SAID)[T]>;

/** What a workflow has to tell people. */
export type Notice = { [T in NoticeType]: { readonly type: T; readonly data: Said<T> } }[NoticeType];

/** A notice on its way: the workflow `notify` delivers it, under one id however often it has to try. */
export interface NotifyInput {
  readonly id: string;
  /** When it happened, ISO 8601. */
  readonly at: string;
  readonly notice: Notice;
  /** The run that it happened in; null: in none. */
  readonly run: { readonly workflowId: string; readonly runId: string } | null;
  /** Page of the run in MLflow. */
  readonly mlflow: string | null;
}

const common = {
  workflowId: z.string().nullable(),
  runId: z.string().nullable(),
  links: z.object({ temporal: z.url().nullable(), mlflow: z.url().nullable() }),
};
const of = <T extends NoticeType>(type: T) =>
  z.object({
    type: z.literal(type),
    /** When it happened, not when it was sent. */
    timestamp: z.iso.datetime(),
    /** All of it in plain words, with the link. */
    text: z.string(),
    data: SAID[type].extend(common),
  });

/** What is posted: the JSON that docs/notifications.md describes. */
export const notification = z.discriminatedUnion('type', [
  of('run.finished'),
  of('run.failed'),
  of('run.waiting'),
  of('drift.detected'),
  of('deployment.rolled_back'),
  of('notify.test'),
]);
export type Notification = z.infer<typeof notification>;
