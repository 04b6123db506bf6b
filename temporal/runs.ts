import { createHash } from 'node:crypto';
import {
  type Client,
  defaultPayloadConverter,
  type RawWorkflowExecutionInfo,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { EtiquetteError } from '../errors.ts';
import { type AskedStatus, TRAIN_WORKFLOW_ID, WORKFLOWS } from './contracts.ts';
import type { SearchAttribute } from './search-attributes.ts';

/** By Temporal's numbers; the first is none. */
const STATUS_BY_NUMBER = [
  'unknown',
  'running',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'continued_as_new',
  'timed_out',
  'paused',
] as const;
export type RunStatus = (typeof STATUS_BY_NUMBER)[number];

const IN_QUERIES: Readonly<Record<AskedStatus, string>> = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  timed_out: 'TimedOut',
};

/** A training run as Temporal lists it: no worker is asked. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly status: RunStatus;
  /** ISO 8601. */
  readonly started: string;
  readonly closed: string | null;
  readonly family: string | null;
  /** As far as it has come: TrainAndDeployResult's, null before the gate. */
  readonly outcome: string | null;
  readonly bundle: string | null;
  readonly dataset: string | null;
  /** Who asked for it; null when it was started by hand. */
  readonly by: string | null;
  /** What asked for it: hashes of the idempotency key and of the input. */
  readonly request: TrainingRequest | null;
}

export interface TrainingRequest {
  readonly key: string;
  readonly input: string;
}

export interface RunsAsked {
  readonly limit: number;
  readonly status?: AskedStatus | undefined;
  /** Where an earlier page ended. */
  readonly cursor?: string | undefined;
}

export interface RunsPage {
  readonly runs: readonly Run[];
  /** The next page's cursor; null after the last. */
  readonly next: string | null;
}

/** Runs that go on first, then the others, last closed first: Temporal's own order. @throws EtiquetteError CURSOR_INVALID */
export async function listRuns(client: Client, { limit, status, cursor }: RunsAsked): Promise<RunsPage> {
  const conditions = [ONLY_TRAININGS, ...(status ? [`ExecutionStatus = '${IN_QUERIES[status]}'`] : [])];
  const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: conditions.join(' AND '),
    pageSize: limit,
    nextPageToken: cursor === undefined ? null : tokenOf(cursor),
  });
  return { runs: executions.map(runOf), next: nextPageToken?.length ? cursorOf(nextPageToken) : null };
}

/**
 * The training run of a workflow id (its newest run) or of a run id. Another kind of workflow is none: an id from
 * outside reaches nothing else.
 * @throws EtiquetteError RUN_UNKNOWN
 */
export async function findRun(client: Client, id: string): Promise<Run> {
  const found = ID.test(id) ? ((await described(client, id)) ?? (await byRunId(client, id))) : null;
  if (!found) throw new EtiquetteError('RUN_UNKNOWN', `There is no training run "${id.slice(0, 255)}".`);
  return found;
}

/** The newest run of trainings as commands and the API start them: what Temporal itself knows, at once. */
export const newestRun = (client: Client): Promise<Run | null> => described(client, TRAIN_WORKFLOW_ID);

/** The run that a request with this key has started. The index that is asked lags some moments behind. */
export async function runOfRequest(client: Client, key: string): Promise<Run | null> {
  const attribute: SearchAttribute = 'EtiquetteRequest';
  return firstOf(client, `${attribute} = '${key}'`);
}

const ONLY_TRAININGS = `WorkflowType = '${WORKFLOWS.trainAndDeploy}'`;
const SUM_BYTES = 6;

/** With a check sum: a token that is none is no refusal to Temporal's client, which asks again until the deadline. */
function cursorOf(token: Uint8Array): string {
  return Buffer.concat([sumOf(token), token]).toString('base64url');
}

function tokenOf(cursor: string): Uint8Array {
  const bytes = Buffer.from(cursor, 'base64url');
  const token = bytes.subarray(SUM_BYTES);
  if (token.length > 0 && sumOf(token).equals(bytes.subarray(0, SUM_BYTES))) return token;
  const message = 'The cursor is none: take `next` of the page before, or leave it out.';
  throw new EtiquetteError('CURSOR_INVALID', message);
}

const sumOf = (token: Uint8Array) => createHash('sha256').update(token).digest().subarray(0, SUM_BYTES);

/** Anything else is no id, and may be one that a store behind Temporal chokes on. */
const ID = /^[^\p{C}]{1,255}$/u;
const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function byRunId(client: Client, id: string): Promise<Run | null> {
  if (!RUN_ID.test(id)) return null;
  return (await described(client, TRAIN_WORKFLOW_ID, id)) ?? (await firstOf(client, `RunId = '${id}'`));
}

async function described(client: Client, workflowId: string, runId?: string): Promise<Run | null> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    const info = raw.workflowExecutionInfo;
    return info?.type?.name === WORKFLOWS.trainAndDeploy ? runOf(info) : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function firstOf(client: Client, condition: string): Promise<Run | null> {
  const { executions } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: `${ONLY_TRAININGS} AND ${condition}`,
    pageSize: 1,
  });
  return executions[0] ? runOf(executions[0]) : null;
}

function runOf(info: RawWorkflowExecutionInfo): Run {
  const attributes = info.searchAttributes?.indexedFields ?? {};
  const memo = info.memo?.fields ?? {};
  const read = (payload: (typeof memo)[string] | undefined): unknown =>
    payload && defaultPayloadConverter.fromPayload(payload);
  const attribute = (name: SearchAttribute) => text([read(attributes[name])].flat()[0]);
  const request = { key: text(read(memo.request)), input: text(read(memo.input)) };
  return {
    workflowId: info.execution?.workflowId ?? '',
    runId: info.execution?.runId ?? '',
    status: STATUS_BY_NUMBER[info.status ?? 0] ?? 'unknown',
    started: timeOf(info.startTime) ?? '',
    closed: timeOf(info.closeTime),
    family: attribute('EtiquetteFamily'),
    outcome: attribute('EtiquetteOutcome'),
    bundle: attribute('EtiquetteBundle'),
    dataset: attribute('EtiquetteDatasetVersion'),
    by: text(read(memo.by)),
    request:
      request.key !== null && request.input !== null ? { key: request.key, input: request.input } : null,
  };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function timeOf(time: RawWorkflowExecutionInfo['startTime']): string | null {
  if (!time) return null;
  return new Date(Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6).toISOString();
}
