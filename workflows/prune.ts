import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  executeChild,
  log,
  patched,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import { DEPLOY_WORKFLOW_ID, type PruneResult } from '../temporal/contracts.ts';
import { type PruneInput, pruneInput } from '../temporal/inputs.ts';
import { readable, reasonIn } from './failure.ts';
import { inTurn } from './in-turn.ts';
import { parseInput } from './input.ts';

const pruning = (taskQueue: string) =>
  proxyActivities<Pick<PipelineActivities, 'prune'>>({
    taskQueue,
    startToCloseTimeout: '1h',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumAttempts: 3 },
  });

/**
 * Deletes old bundles, stages and features that nothing refers to. It runs under the id of deployments: while it
 * looks for references, none begins. Started under another id, as a schedule does, it starts itself under that one.
 */
export async function prune(input: PruneInput = {}): Promise<PruneResult> {
  const asked = parseInput(pruneInput, input);
  try {
    const alone = workflowInfo().workflowId === DEPLOY_WORKFLOW_ID;
    if (!alone && patched('prune-in-turn')) return await pruneInTurn(asked);
    return await pruning(workflowInfo().taskQueue).prune(asked);
  } catch (error) {
    throw readable('prune', error);
  }
}

async function pruneInTurn(asked: PruneInput): Promise<PruneResult> {
  try {
    const start = () => executeChild(prune, { workflowId: DEPLOY_WORKFLOW_ID, args: [asked] });
    return await inTurn(start, { every: '1m', attempts: 120 });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const message = 'Deployments went on for two hours. Each prunes when it is done.';
    throw ApplicationFailure.nonRetryable(message, 'DEPLOYMENT_ALREADY_GOING');
  }
}

/** After a deployment: that has succeeded, whatever comes of this. The next one prunes what is left. */
export async function pruneQuietly(taskQueue: string): Promise<void> {
  try {
    await pruning(taskQueue).prune({ dryRun: false });
  } catch (error) {
    log.warn(`Old bundles were not pruned: ${reasonIn(error)}`);
  }
}
