import { deepEqual } from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { runIds } from '../../workers/run-ids.ts';

describe("a worker's log", () => {
  it('names the run and the activity that a line was written in', async () => {
    const environment = new MockActivityEnvironment({
      workflowExecution: { workflowId: 'train-and-deploy', runId: 'run-1' },
      activityType: 'fetch',
    });
    const inside = await environment.run(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return runIds();
    });
    deepEqual(inside, { workflowId: 'train-and-deploy', runId: 'run-1', activity: 'fetch' });
  });

  it('names none outside', () => {
    deepEqual(runIds(), {});
  });
});
