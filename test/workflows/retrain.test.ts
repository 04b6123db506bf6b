import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { type RetrainResult, TRAIN_WORKFLOW_ID, WORKFLOWS } from '../../temporal/contracts.ts';
import type { TrainAndDeployInput } from '../../temporal/inputs.ts';
import { timeSkipping, workflowBundle } from './environment.ts';
import { ANSWERS } from './stage-answers.ts';

const AGAIN: TrainAndDeployInput = { catalogue: '/data/again', family: 'lstm-vgg16', seed: 7 };

describe('the workflow retrain', function () {
  this.timeout(60_000);
  let environment: TestWorkflowEnvironment;

  before(async function () {
    environment = await timeSkipping(this);
  });
  after(async () => {
    await environment?.teardown();
  });

  /** With a worker whose stages answer as when all goes well; `fetched` are the trainings that began. */
  async function withWorker<T>(
    stubs: Record<string, (input: never) => unknown>,
    work: (taskQueue: string, fetched: unknown[]) => Promise<T>,
  ): Promise<T> {
    const taskQueue = `queue-${randomUUID()}`;
    const fetched: unknown[] = [];
    const answer = (name: string) => async (input: never) => {
      if (name === 'fetch') fetched.push((input as { source: unknown }).source);
      if (name === 'settings') return { trainingTaskQueue: taskQueue };
      const stub = stubs[name];
      return stub ? stub(input) : ANSWERS[name as keyof typeof ANSWERS];
    };
    const worker = await Worker.create({
      ...{ connection: environment.nativeConnection, taskQueue, workflowBundle: await workflowBundle() },
      activities: Object.fromEntries(Object.keys(ANSWERS).map((name) => [name, answer(name)])),
    });
    return worker.runUntil(() => work(taskQueue, fetched));
  }
  const start = (type: string, taskQueue: string, workflowId: string, args: unknown[] = []) =>
    environment.client.workflow.start(type, { taskQueue, workflowId, args });
  const retrained = async (taskQueue: string): Promise<RetrainResult> =>
    (await start(WORKFLOWS.retrain, taskQueue, `retrain-${randomUUID()}`)).result();
  const again = () => ({ input: AGAIN, reason: null });

  it('trains what serves again, under the id of trainings, and ends as that does', async () => {
    const training = await withWorker({ championAgain: again }, async (taskQueue, fetched) => {
      assert.deepEqual(await retrained(taskQueue), {
        outcome: 'deployed',
        reason: 'better',
        bundle: 'b'.repeat(16),
      });
      assert.deepEqual(fetched, ['/data/again']);
      return environment.client.workflow.getHandle(TRAIN_WORKFLOW_ID).describe();
    });
    assert.equal(training.type, WORKFLOWS.trainAndDeploy);
    assert.equal(training.memo?.by, 'schedule retrain');
  });

  it('waits for its turn while a training goes on, then trains what serves by then: never two at once', async () => {
    let turns = 0;
    const champion = () => ({
      input: turns++ === 0 ? { ...AGAIN, catalogue: '/data/old' } : AGAIN,
      reason: null,
    });
    await withWorker({ championAgain: champion }, async (taskQueue, fetched) => {
      const first = await start(WORKFLOWS.trainAndDeploy, taskQueue, TRAIN_WORKFLOW_ID, [
        { catalogue: '/a', deploy: 'approval', approvalHours: 1 },
      ]);
      // Its first training goes on for an hour, in which it asks for its turn every two minutes.
      assert.equal((await retrained(taskQueue)).outcome, 'deployed');
      assert.deepEqual(fetched, ['/a', '/data/again']);
      assert.equal(((await first.result()) as { outcome: string }).outcome, 'rejected');
    });
  });

  it('is left out when its turn does not come within half a day', async () => {
    await withWorker({ championAgain: again }, async (taskQueue, fetched) => {
      const waiting = await start(WORKFLOWS.trainAndDeploy, taskQueue, TRAIN_WORKFLOW_ID, [
        { deploy: 'approval', approvalHours: 100 },
      ]);
      const { outcome, reason } = await retrained(taskQueue);
      assert.equal(outcome, 'left out');
      assert.match(reason, /Another training went on for 12 hours/);
      assert.equal(fetched.length, 1);
      await waiting.terminate();
    });
  });

  it('is left out where nothing serves', async () => {
    const nothing = () => ({ input: null, reason: 'Nothing was ever deployed.' });
    await withWorker({ championAgain: nothing }, async (taskQueue, fetched) => {
      assert.deepEqual(await retrained(taskQueue), {
        outcome: 'left out',
        reason: 'Nothing was ever deployed.',
        bundle: null,
      });
      assert.deepEqual(fetched, []);
    });
  });

  it('fails as its training fails, with the reason at the top', async () => {
    const validate = () => {
      throw ApplicationFailure.nonRetryable('12 rows have no code', 'CATALOGUE_INVALID');
    };
    await withWorker({ championAgain: again, validate }, async (taskQueue) => {
      await assert.rejects(retrained(taskQueue), (error) => {
        assert.ok(error instanceof WorkflowFailedError);
        assert.ok(error.cause instanceof ApplicationFailure);
        assert.equal(error.cause.type, 'CATALOGUE_INVALID');
        assert.match(error.cause.message, /12 rows have no code/);
        return true;
      });
    });
  });
});
