import { randomUUID } from 'node:crypto';
import {
  TRAIN_WORKFLOW_ID,
  type TrainAndDeployResult,
  type WatchDriftResult,
  WORKFLOWS,
} from '../../temporal/contracts.ts';
import { createPipeline } from '../../temporal/pipeline.ts';
import type { Stack } from '../../test/support/stack.ts';
import { until } from '../../test/support/training.ts';

/** The watch over an installation's stream, without its schedule. */
export function createWatch({ client, queue }: Pick<Stack, 'client' | 'queue'>) {
  const pipeline = createPipeline(async () => client, queue);
  return {
    check(): Promise<WatchDriftResult> {
      const options = { workflowId: `watch-drift-${randomUUID()}`, taskQueue: queue };
      return client.workflow.execute(WORKFLOWS.watchDrift, options);
    },
    resultOf(run: string): Promise<TrainAndDeployResult> {
      return client.workflow.getHandle(TRAIN_WORKFLOW_ID, run).result();
    },
    /** How many trainings a changed stream has started, this run among them. */
    async trainings(run: string): Promise<number> {
      // The list lags behind.
      const runs = await until(async () => {
        const { runs } = await pipeline.list({ limit: 100 });
        return runs.some(({ runId }) => runId === run) && runs;
      }, 'the training in the list');
      return runs.filter(({ by }) => by === 'drift').length;
    },
    /** As a person would whom the gate does not convince. */
    async deploy(version: string): Promise<void> {
      await pipeline.deploy({ version, by: 'bench', reason: 'to be asked' });
    },
  };
}
