import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { DriftCheck, DriftRetraining, WatchDriftResult } from '../../temporal/contracts.ts';
import type { NotifyInput } from '../../temporal/notices.ts';
import { timeSkipping, workflowBundle } from './environment.ts';

const CHECK: DriftCheck = {
  ...{ at: '2026-01-01T00:00:00.000Z', bundle: 'a'.repeat(16), since: '2025-12-31T00:00:00.000Z' },
  ...{ level: 'ok', before: null, reason: 'Nothing.', report: null, directory: '/drift/now' },
};
const STARTED: DriftRetraining = {
  run: { workflowId: 'train-and-deploy', runId: 'one' },
  reason: 'It was started.',
};
const COOLING: DriftRetraining = { run: null, reason: 'It cools down.' };

/** Its activities are stand-ins here; test/durability/drift.test.ts has the real ones. */
describe('the workflow watchDrift', function () {
  this.timeout(60_000);
  let environment: TestWorkflowEnvironment;
  let asked: unknown[];
  let told: NotifyInput[];

  let answers: { check: () => Promise<DriftCheck>; retraining: () => Promise<DriftRetraining> };
  let worker: Worker;
  let working: Promise<void>;
  const taskQueue = `queue-${randomUUID()}`;

  before(async function () {
    environment = await timeSkipping(this);
    worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities: {
        settings: async () => ({ trainingTaskQueue: taskQueue, notify: true }),
        checkDrift: () => answers.check(),
        retrainForDrift: async (changed: unknown) => {
          asked.push(changed);
          return answers.retraining();
        },
        notify: async (notice: NotifyInput) => {
          told.push(notice);
          return { status: 200 };
        },
      },
    });
    working = worker.run();
  });
  after(async () => {
    worker?.shutdown();
    await working;
    await environment?.teardown();
  });
  beforeEach(() => {
    asked = [];
    told = [];
  });

  async function watch(
    check: Partial<DriftCheck> | (() => Promise<DriftCheck>),
    retraining: DriftRetraining = STARTED,
  ): Promise<WatchDriftResult> {
    answers = {
      check: typeof check === 'function' ? check : async () => ({ ...CHECK, ...check }),
      retraining: async () => retraining,
    };
    const workflowId = `watch-${randomUUID()}`;
    return environment.client.workflow.execute('watchDrift', { taskQueue, workflowId });
  }

  for (const level of [null, 'ok', 'warn', 'alert'] as const) {
    it(`trains nothing at ${level ?? 'no level'}`, async () => {
      const result = await watch({ level });
      assert.deepEqual(result, { ...CHECK, level, retraining: null });
      assert.deepEqual(asked, []);
    });
  }

  it('asks for a training at retrain, saying for what', async () => {
    const { retraining } = await watch({ level: 'retrain', reason: 'Black pictures.' });
    assert.deepEqual(retraining, STARTED);
    assert.deepEqual(asked, [{ bundle: CHECK.bundle, since: CHECK.since, reason: 'Black pictures.' }]);
  });

  for (const [level, before, retraining, tells] of [
    ['warn', null, COOLING, false],
    ['alert', 'warn', COOLING, true],
    ['alert', null, COOLING, true],
    ['alert', 'alert', COOLING, false],
    ['alert', 'retrain', COOLING, false],
    ['retrain', 'alert', COOLING, true],
    ['retrain', 'retrain', COOLING, false],
    ['retrain', 'retrain', STARTED, true],
  ] as const) {
    const training = retraining.run ? 'with a training' : 'without a training';
    it(`${tells ? 'tells' : 'does not tell'} people of ${level} after ${before}, ${training}`, async () => {
      await watch({ level, before }, retraining);
      assert.deepEqual(
        told.map(({ notice }) => notice),
        !tells
          ? []
          : [
              {
                type: 'drift.detected',
                data: {
                  ...{ level, reason: CHECK.reason, bundle: CHECK.bundle, report: CHECK.directory },
                  retraining: retraining.run?.workflowId ?? null,
                },
              },
            ],
      );
    });
  }

  it('tells people of a change even when it cannot ask for a training', async () => {
    answers = {
      check: async () => ({ ...CHECK, level: 'retrain' }),
      retraining: () => Promise.reject(ApplicationFailure.nonRetryable('No such family.', 'FAMILY_UNKNOWN')),
    };
    const workflowId = `watch-${randomUUID()}`;
    await assert.rejects(environment.client.workflow.execute('watchDrift', { taskQueue, workflowId }));
    assert.deepEqual(
      told.map(({ notice }) => notice.data),
      [
        {
          ...{ level: 'retrain', reason: CHECK.reason, bundle: CHECK.bundle, report: CHECK.directory },
          retraining: null,
        },
      ],
    );
  });

  it('fails with the reason when the check cannot be made', async () => {
    const refused = () => Promise.reject(ApplicationFailure.nonRetryable('It is damaged.', 'BUNDLE_CORRUPT'));
    await assert.rejects(watch(refused), (error: WorkflowFailedError) => {
      assert.ok(error instanceof WorkflowFailedError);
      assert.match(`${error.cause?.message}`, /^watch: It is damaged\.$/);
      return true;
    });
  });
});
