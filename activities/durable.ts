import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { isEtiquetteError } from '../errors.ts';
import type { JobProgress } from '../models/runtime/jobs.ts';
import { type ActivityReport, REPORT_SIGNAL } from '../temporal/contracts.ts';
import { stageMetrics } from './stage-metrics.ts';

const HEARTBEAT_MS = 1000;
/** The workflow hears of every epoch and every twentieth of a stage: its history stays short. */
const REPORT_STEP = 0.05;

export interface StageTools {
  readonly signal: AbortSignal;
  report(progress: JobProgress): void;
}

/**
 * Runs one stage's work inside an activity: heartbeats with the latest progress, tells the workflow about
 * it, hands on cancellation, and turns errors into failures of the right retry class.
 */
export async function durable<T>(
  stage: ActivityReport['stage'],
  work: (tools: StageTools) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let latest: ActivityReport = { stage, fraction: 0, message: 'starting' };
  let told: ActivityReport | undefined;
  let telling: Promise<void> = Promise.resolve();
  const measure = stageMetrics(context.metricMeter, stage);

  const tell = () => {
    const news = latest;
    if (told && news.epoch === told.epoch && news.fraction - told.fraction < REPORT_STEP) return;
    told = news;
    telling = telling.then(() => signalWorkflow(context, news));
  };
  const beat = setInterval(() => context.heartbeat(latest), HEARTBEAT_MS);
  try {
    context.heartbeat(latest);
    const result = await work({
      signal: context.cancellationSignal,
      report: (progress) => {
        const { fraction, message, epoch, epochs } = progress;
        measure(progress);
        latest = {
          stage,
          fraction,
          message,
          ...(epoch === undefined ? {} : { epoch }),
          ...(epochs === undefined ? {} : { epochs }),
        };
        tell();
      },
    });
    measure({ fraction: 1 });
    return result;
  } catch (error) {
    throw toFailure(error);
  } finally {
    clearInterval(beat);
    await telling;
  }
}

/** Progress is for people: a report that does not arrive must not fail the stage. */
async function signalWorkflow(context: Context, report: ActivityReport): Promise<void> {
  const { workflowId, runId } = context.info.workflowExecution ?? {};
  if (!workflowId) return;
  try {
    await context.client.workflow.getHandle(workflowId, runId).signal(REPORT_SIGNAL, report);
  } catch (error) {
    context.log.debug('progress report not delivered', { error });
  }
}

/** Business errors end the run with their reason; infrastructure errors are tried again. */
export function toFailure(error: unknown): unknown {
  if (error instanceof CancelledFailure) {
    // A stopping worker is no wish to cancel: another worker goes on.
    return error.message === 'WORKER_SHUTDOWN'
      ? ApplicationFailure.retryable(
          'The worker is stopping; the stage goes on elsewhere.',
          'WORKER_STOPPING',
        )
      : error;
  }
  if (isEtiquetteError(error)) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: !error.retryable,
      details: [error.details],
    });
  }
  return error;
}
