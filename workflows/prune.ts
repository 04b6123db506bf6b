import { log, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import type { PruneResult } from '../temporal/contracts.ts';
import { type PruneInput, pruneInput } from '../temporal/inputs.ts';
import { readable, reasonIn } from './failure.ts';
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
 * looks for references, none begins.
 */
export async function prune(input: PruneInput = {}): Promise<PruneResult> {
  const asked = parseInput(pruneInput, input);
  try {
    return await pruning(workflowInfo().taskQueue).prune(asked);
  } catch (error) {
    throw readable('prune', error);
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
