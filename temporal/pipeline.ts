import { randomUUID } from 'node:crypto';
import {
  ApplicationFailure,
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { EtiquetteError } from '../errors.ts';
import {
  APPROVE_UPDATE,
  DEPLOY_WORKFLOW_ID,
  type DeployModelResult,
  PROGRESS_QUERY,
  REJECT_UPDATE,
  type RunProgress,
  type TrainAndDeployResult,
  type Waiting,
  type WatchDriftResult,
  WORKFLOWS,
} from './contracts.ts';
import { lastDriftCheck } from './drift.ts';
import type { Decision, DeployModelInput } from './inputs.ts';
import { reasonOf } from './reason.ts';
import { findRun, listRuns, type Run, type RunsAsked, type RunsPage } from './runs.ts';
import { type Retraining, retrain, type StartedRun } from './training.ts';

const UPDATES = { approve: APPROVE_UPDATE, reject: REJECT_UPDATE } as const;
/** For all that one question asks of Temporal. */
const ANSWER_WITHIN_MS = 5_000;
/** A run can be shown without its worker, which may be away for long. */
const WORKER_WITHIN_MS = 2_000;

/** A run, and what its worker and its result tell. */
export interface ShownRun extends Run {
  /** null while no worker answers. */
  readonly progress: RunProgress | null;
  /** Why it ended as it did; null while it goes on. */
  readonly reason: string | null;
}

/**
 * What commands and the API ask of workflows. `id` is a training's workflow id or run id, and reaches no other kind
 * of workflow. Everything throws EtiquetteError TEMPORAL_UNREACHABLE when Temporal does not answer in time.
 */
export interface Pipeline {
  /** @throws EtiquetteError RUN_ALREADY_GOING, IDEMPOTENCY_KEY_REUSED, FAMILY_UNKNOWN, PARAMETER_INVALID */
  retrain(asked: Retraining): Promise<StartedRun>;
  /** @throws EtiquetteError CURSOR_INVALID */
  list(asked: RunsAsked): Promise<RunsPage>;
  /** @throws EtiquetteError RUN_UNKNOWN */
  show(id: string): Promise<ShownRun>;
  /** Asks the run to stop; its child processes end within seconds. @throws EtiquetteError RUN_UNKNOWN, RUN_CLOSED */
  cancel(id: string, decision: Decision): Promise<Run>;
  /** @throws EtiquetteError RUN_UNKNOWN, NOT_WAITING, DECISION_INVALID, WORKER_AWAY */
  decide(id: string, kind: keyof typeof UPDATES, decision: Decision): Promise<Waiting>;
  /** The newest check of the stream that Temporal still knows; null: none. */
  drift(): Promise<WatchDriftResult | null>;
  /** Waits until it is done. @throws EtiquetteError DEPLOYMENT_ALREADY_GOING, DEPLOYMENT_FAILED */
  deploy(input: DeployModelInput): Promise<DeployModelResult>;
}

/**
 * @param connect called when something is asked for the first time, and again after it failed: whoever has a
 *   pipeline can live without Temporal until then
 */
export function createPipeline(connect: () => Promise<Client>, taskQueue: string): Pipeline {
  let connecting: Promise<Client> | null = null;
  const connected = (): Promise<Client> => {
    connecting ??= connect().catch((error: unknown) => {
      connecting = null;
      throw error;
    });
    return connecting;
  };

  async function ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    const client = await connected();
    try {
      return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => question(client));
    } catch (error) {
      throw isSilence(error) ? unreachable(error) : error;
    }
  }

  return {
    retrain: (asked) => ask((client) => retrain(client, taskQueue, asked)),
    list: (asked) => ask((client) => listRuns(client, asked)),
    show: (id) =>
      ask(async (client) => {
        const run = await findRun(client, id);
        const [progress, reason] = await Promise.all([progressOf(client, run), endOf(client, run)]);
        return { ...run, progress, reason };
      }),
    drift: () => ask(lastDriftCheck),
    cancel: (id, decision) => ask((client) => cancel(client, id, decision)),
    decide: (id, kind, decision) => ask((client) => decide(client, id, kind, decision)),
    async deploy(input) {
      try {
        const going = await ask(({ workflow }) =>
          workflow.start(WORKFLOWS.deployModel, { workflowId: DEPLOY_WORKFLOW_ID, taskQueue, args: [input] }),
        );
        return await going.result();
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) {
          const message = 'Another deployment is under way: try again in a moment.';
          throw new EtiquetteError('DEPLOYMENT_ALREADY_GOING', message, { retryable: true, cause: error });
        }
        if (isSilence(error)) throw unreachable(error);
        if (!(error instanceof WorkflowFailedError)) throw error;
        throw new EtiquetteError('DEPLOYMENT_FAILED', reasonOf(error), { cause: error });
      }
    },
  };
}

function unreachable(cause: unknown): EtiquetteError {
  const message = 'Temporal does not answer. Try again in a moment.';
  return new EtiquetteError('TEMPORAL_UNREACHABLE', message, { retryable: true, cause });
}

async function progressOf(client: Client, { workflowId, runId }: Run): Promise<RunProgress | null> {
  try {
    return await client.withDeadline(Date.now() + WORKER_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId, runId).query<RunProgress>(PROGRESS_QUERY),
    );
  } catch (error) {
    if (error instanceof ServiceError || isSilence(error)) return null;
    throw error;
  }
}

async function endOf(client: Client, { workflowId, runId, closed }: Run): Promise<string | null> {
  if (closed === null) return null;
  try {
    const result: TrainAndDeployResult = await client.workflow.getHandle(workflowId, runId).result();
    return result.reason;
  } catch (error) {
    if (error instanceof WorkflowFailedError) return reasonOf(error);
    throw error;
  }
}

async function cancel(client: Client, id: string, { by, reason }: Decision): Promise<Run> {
  const run = await findRun(client, id);
  const { workflowId, runId } = run;
  const isClosed = new EtiquetteError('RUN_CLOSED', `The run ${runId} has ended (${run.status}).`);
  if (run.closed !== null) throw isClosed;
  try {
    // The handle's own method can not say why; the history keeps it.
    await client.workflowService.requestCancelWorkflowExecution({
      namespace: client.options.namespace,
      identity: client.options.identity,
      requestId: randomUUID(),
      workflowExecution: { workflowId, runId },
      reason: `${by}: ${reason}`,
    });
    return run;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) throw isClosed;
    throw error;
  }
}

async function decide(
  client: Client,
  id: string,
  kind: keyof typeof UPDATES,
  decision: Decision,
): Promise<Waiting> {
  const { workflowId, runId } = await findRun(client, id);
  try {
    return await client.workflow
      .getHandle(workflowId, runId)
      .executeUpdate<Waiting, [Decision]>(UPDATES[kind], { args: [decision] });
  } catch (cause) {
    if (isSilence(cause)) {
      const message = 'No pipeline worker answers: the decision was not taken. Try again when one runs.';
      throw new EtiquetteError('WORKER_AWAY', message, { retryable: true, cause });
    }
    const isRefused = cause instanceof WorkflowUpdateFailedError;
    if (!isRefused && !(cause instanceof WorkflowNotFoundError)) throw cause;
    if (isRefused && cause.cause instanceof ApplicationFailure && cause.cause.type === 'INPUT_INVALID') {
      throw new EtiquetteError('DECISION_INVALID', cause.cause.message, { cause });
    }
    throw new EtiquetteError(
      'NOT_WAITING',
      `The run "${id}" does not wait for a decision. "npm run train -- --approval" makes one that does.`,
      { cause },
    );
  }
}

const NOT_FOUND = 5;
/** Cancelled, deadline exceeded, resource exhausted, unavailable. */
const SILENT = [1, 4, 8, 14];

/** Whether nobody answered, rather than answered with a refusal. */
function isSilence(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    (isGrpcServiceError(cause) && SILENT.includes(cause.code))
  );
}
