import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { TrainAndDeployResult } from '../../temporal/contracts.ts';
import type { NotifyInput } from '../../temporal/notices.ts';
import { timeSkipping, workflowBundle } from './environment.ts';
import { ANSWERS } from './stage-answers.ts';

/** A server of its own: on Temporal's test server time stands still once an abandoned child has outlived its parent. */
describe('a receiver of notifications that stays away', function () {
  this.timeout(60_000);
  let environment: TestWorkflowEnvironment;

  before(async function () {
    environment = await timeSkipping(this);
  });
  after(async () => {
    await environment?.teardown();
  });

  it('does not hold up the run, and is given up after a bounded number of tries of one delivery', async () => {
    const taskQueue = randomUUID();
    const tries: NotifyInput[] = [];
    const answers = Object.entries(ANSWERS).map(([name, answer]) => [name, async () => answer]);
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities: {
        ...Object.fromEntries(answers),
        settings: async () => ({ trainingTaskQueue: taskQueue, notify: true }),
        notify: async (input: NotifyInput) => {
          tries.push(input);
          throw ApplicationFailure.retryable('hooks.example cannot be reached.', 'NOTIFY_UNREACHABLE');
        },
      },
    });
    await worker.runUntil(async () => {
      const { outcome, warnings }: TrainAndDeployResult = await environment.client.workflow.execute(
        'trainAndDeploy',
        { taskQueue, workflowId: randomUUID(), args: [{}] },
      );
      equal(outcome, 'deployed');
      match(warnings.join(), /^The notification run\.finished has not arrived yet: the workflow notify-/);
      const delivery = environment.client.workflow.getHandle(`notify-${tries[0]?.id}`);
      await rejects(delivery.result(), (error: unknown) => {
        const cause = error instanceof WorkflowFailedError ? error.cause : error;
        equal((cause as ApplicationFailure).type, 'NOTIFY_UNREACHABLE');
        return true;
      });
    });
    deepEqual([tries.length, new Set(tries.map(({ id }) => id)).size], [22, 1]);
  });
});
