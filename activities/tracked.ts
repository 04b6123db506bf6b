import { type ActivityFunction, Context } from '@temporalio/activity';
import type { MlProcess } from '../models/runtime/jobs.ts';
import { withOptions } from '../models/runtime/with-options.ts';
import { openOutbox, type RunRecord } from '../models/tracking/outbox.ts';
import { RUN_TAG } from '../models/tracking/run.ts';
import { TRACK_WORKFLOW_ID, WAKE_SIGNAL, WORKFLOWS } from '../temporal/contracts.ts';
import { runPage } from '../temporal/page.ts';
import type { ActivityDeps } from './deps.ts';
import { epochRecord, SAYS } from './run-record.ts';

/**
 * Lets activities leave in the run's outbox what MLflow is to be told of them, and wakes the sender. Telling is
 * for people: when the disk refuses, the training goes on.
 */
export function tracked<A extends object>(deps: ActivityDeps, activities: A): A {
  if (!deps.tracking) return activities;
  const table = SAYS as Readonly<Record<string, Says | undefined>>;
  const wrapped = Object.entries(activities as Record<string, ActivityFunction>).map(([name, activity]) => [
    name,
    async (input: unknown) => {
      const says = ofTraining() ? table[name] : undefined;
      if (name === 'fetch' && says) await begin(deps);
      if (says?.before) await tell(deps, () => says.before?.(input, deps.config) ?? []);
      const result = await activity(input);
      if (says?.after) await tell(deps, () => says.after?.(result, input, deps.config) ?? []);
      // The history of deployments has a new line: the registry's champion follows it.
      if (name === 'deploy') await wake(deps);
      return result;
    },
  ]);
  return Object.fromEntries(wrapped) as A;
}

interface Says {
  readonly before?: (input: unknown, config: unknown) => readonly RunRecord[];
  readonly after?: (result: unknown, input: unknown, config: unknown) => Promise<readonly RunRecord[]>;
}

/** The ML process, telling each epoch when it is over. */
export function tellingEpochs(deps: ActivityDeps): MlProcess {
  const { ml } = deps;
  if (!deps.tracking) return ml;
  return withOptions(ml, (job, options) => {
    const part = job === 'trainText' ? 'text' : job === 'trainImage' ? 'image' : null;
    if (part === null || !ofTraining()) return options;
    return {
      ...options,
      onProgress(progress) {
        options.onProgress?.(progress);
        const { epoch, metrics } = progress;
        if (epoch !== undefined && metrics) void tell(deps, () => [epochRecord(part, epoch, metrics)]);
      },
    };
  });
}

/** Other workflows fetch too. */
const ofTraining = () => Context.current().info.workflowType === WORKFLOWS.trainAndDeploy;

async function begin(deps: ActivityDeps): Promise<void> {
  const { config, tracking } = deps;
  const { workflowExecution, workflowNamespace } = Context.current().info;
  if (!workflowExecution) return;
  const { workflowId, runId } = workflowExecution;
  const namespace = workflowNamespace ?? config.TEMPORAL_NAMESPACE;
  const url = runPage({ ...config, TEMPORAL_NAMESPACE: namespace }, workflowId, runId);
  await tell(deps, () => [
    {
      say: 'tags',
      tags: {
        source: 'temporal',
        version: new Date().toISOString().slice(0, 19).replace('T', ' '),
        'etiquette.release': config.RELEASE,
        'etiquette.temporal_workflow_id': workflowId,
        [RUN_TAG]: runId,
        'etiquette.temporal_url': url,
        'mlflow.source.name': WORKFLOWS.trainAndDeploy,
        'mlflow.source.type': 'JOB',
        'mlflow.note.content': `Trained by the Temporal workflow [${workflowId}](${url}), run \`${runId}\`.`,
        ...(tracking?.commit ? { 'mlflow.source.git.commit': tracking.commit } : {}),
      },
    },
  ]);
  await wake(deps);
}

async function tell(
  { config, log }: ActivityDeps,
  says: () => readonly RunRecord[] | Promise<readonly RunRecord[]>,
): Promise<void> {
  const { workflowExecution } = Context.current().info;
  if (!workflowExecution) return;
  try {
    const outbox = await openOutbox(config.tracking, { ...workflowExecution, startedAt: Date.now() });
    for (const record of await says()) await outbox.append(record);
  } catch (error) {
    log.warn({ error }, 'not written down for MLflow');
  }
}

/** Starts the workflow `track`, or tells the one that runs that there is more. */
async function wake({ config, log }: ActivityDeps): Promise<void> {
  try {
    await Context.current().client.workflow.signalWithStart(WORKFLOWS.track, {
      workflowId: TRACK_WORKFLOW_ID,
      taskQueue: config.PIPELINE_TASK_QUEUE,
      signal: WAKE_SIGNAL,
      staticSummary: 'Sends to MLflow what training runs have said',
    });
  } catch (error) {
    log.warn({ error }, 'the sender to MLflow was not woken; the next run wakes it');
  }
}
