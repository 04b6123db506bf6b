import { setTimeout as wait } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import {
  type Client,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { isEtiquetteError } from '../errors.ts';
import { champion } from '../models/bundle/deployments.ts';
import { createMlflow } from '../models/tracking/client.ts';
import { type Outbox, type Status, unsentOutboxes } from '../models/tracking/outbox.ts';
import { createSender } from '../models/tracking/send.ts';
import { MLFLOW_SIGNAL, type MlflowLink, type TrainAndDeployResult } from '../temporal/contracts.ts';
import { reasonOf } from '../temporal/reason.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';

/** While a run goes on, what it says is in MLflow this much later. */
const POLL_MS = 2000;

/**
 * Sends what the outboxes hold until every run in them has ended and every record is in MLflow. Fails, to be
 * tried again with back-off, when the server is away or refuses; each try looks first what is there already.
 */
export function createTrack({ config, log, tracking }: ActivityDeps) {
  /** Runs that know of a problem: once is enough, since each try that fails would be a line of their history. */
  const warned = new Set<string>();
  return function track(): Promise<{ sent: number }> {
    return durable('track', async ({ signal }) => {
      if (!tracking) return { sent: 0 };
      const { client } = Context.current();
      const mlflow = createMlflow({ ...tracking.server, signal });
      const sender = createSender({ mlflow, experiment: tracking.experiment });
      const linked = new Set<string>();
      let sent = 0;
      for (;;) {
        const outboxes = await unsentOutboxes(config.tracking);
        const serving = await champion(config.deployments);
        let going = 0;
        let failure: unknown;
        let away: unknown;
        for (const outbox of outboxes) {
          const run = client.workflow.getHandle(outbox.run.workflowId, outbox.run.runId);
          const ended = await noteEnd(outbox, run);
          if (!ended) going++;
          try {
            if (away) throw away;
            const link = await sender.send(outbox, serving);
            if (ended) sent++;
            else if (!linked.has(outbox.directory)) {
              linked.add(outbox.directory);
              warned.delete(outbox.directory);
              await tell(run, { ...link, problem: null });
            }
          } catch (error) {
            signal.throwIfAborted();
            // Runs by the dozen may wait: a server that is away is asked for one of them only.
            if (isEtiquetteError(error) && error.retryable) away = error;
            failure ??= error;
            log.warn({ error, run: outbox.run }, 'not sent to MLflow yet');
            if (!ended && !warned.has(outbox.directory)) {
              warned.add(outbox.directory);
              await tell(run, { run: null, url: null, problem: wordsOf(error) });
            }
          }
        }
        if (failure) throw again(failure);
        if (serving !== null) await sender.crown(serving).catch((error) => Promise.reject(again(error)));
        if (going === 0) return { sent };
        await wait(POLL_MS, undefined, { signal });
      }
    });
  };
}

/** Whatever the server's reason, trying again later can help: a person may have put it right. */
function again(error: unknown): unknown {
  return isEtiquetteError(error) ? ApplicationFailure.retryable(error.message, error.code) : error;
}

/** The workflow may be over by now, and its run in MLflow is found by its tag all the same. */
async function tell(run: WorkflowHandle, link: MlflowLink): Promise<void> {
  await run.signal(MLFLOW_SIGNAL, link).catch(() => {});
}

function wordsOf(error: unknown): string {
  return isEtiquetteError(error) ? `${error.code}: ${error.message}` : String(error);
}

const STATUS: Readonly<Record<string, Status>> = {
  COMPLETED: 'FINISHED',
  FAILED: 'FAILED',
  TIMED_OUT: 'FAILED',
  CANCELLED: 'KILLED',
  TERMINATED: 'KILLED',
};

/** Writes down how a run ended, once it has: nobody else would when it was terminated. */
async function noteEnd(outbox: Outbox, run: ReturnType<Client['workflow']['getHandle']>): Promise<boolean> {
  if ((await outbox.read()).some(({ say }) => say === 'end')) return true;
  let status: Status | undefined;
  let endedAt = Date.now();
  try {
    const description = await run.describe();
    status = STATUS[description.status.name];
    endedAt = description.closeTime?.getTime() ?? endedAt;
  } catch (error) {
    // Its Temporal server was made anew: nobody knows how it ended.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    status = 'KILLED';
  }
  if (!status) return false;
  const { outcome, reason, stages } = await conclusionOf(run);
  await outbox.append({ say: 'tags', tags: { 'etiquette.outcome': outcome, 'etiquette.reason': reason } });
  const seconds = Object.fromEntries(stages.map(({ name, seconds }) => [`seconds/${name}`, seconds]));
  await outbox.append({ say: 'metrics', step: 0, metrics: seconds });
  await outbox.append({ say: 'end', status, endedAt });
  return true;
}

async function conclusionOf(
  run: WorkflowHandle,
): Promise<Pick<TrainAndDeployResult, 'outcome' | 'reason' | 'stages'>> {
  try {
    return (await run.result()) as TrainAndDeployResult;
  } catch (error) {
    const reason = error instanceof WorkflowFailedError ? reasonOf(error) : 'Its workflow is gone.';
    return { outcome: 'failed', reason, stages: [] };
  }
}
