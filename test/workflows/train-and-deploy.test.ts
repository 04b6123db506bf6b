import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import {
  ApplicationFailure,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { PipelineActivities, TrainingActivities } from '../../activities/index.ts';
import type { TrialPlan } from '../../models/serving/trial.ts';
import type { RunProgress, TrainAndDeployResult, Waiting } from '../../temporal/contracts.ts';
import type { Decision, TrainAndDeployInput } from '../../temporal/inputs.ts';
import { timeSkipping, workflowBundle } from './environment.ts';
import { ANSWERS } from './stage-answers.ts';

type Activities = PipelineActivities & TrainingActivities;
type Stubs = { [N in keyof Activities]?: (input: never) => unknown };

describe('the workflow trainAndDeploy', function () {
  this.timeout(60_000);
  let environment: TestWorkflowEnvironment;
  let calls: { name: string; input: unknown }[];

  before(async function () {
    environment = await timeSkipping(this);
  });
  after(async () => {
    await environment?.teardown();
  });
  beforeEach(() => {
    calls = [];
  });

  async function run(
    input: unknown,
    stubs: Stubs = {},
    meanwhile: (handle: WorkflowHandle) => Promise<unknown> = async () => {},
  ): Promise<TrainAndDeployResult> {
    const taskQueue = `queue-${randomUUID()}`;
    const activities = Object.fromEntries(
      Object.keys(ANSWERS).map((name) => [
        name,
        async (given: never) => {
          calls.push({ name, input: given });
          const stub = stubs[name as keyof Activities];
          if (name === 'settings') return { trainingTaskQueue: taskQueue, ...(stub?.(given) ?? {}) };
          return stub ? stub(given) : ANSWERS[name as keyof Activities];
        },
      ]),
    );
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities,
    });
    return worker.runUntil(async () => {
      const handle = await environment.client.workflow.start('trainAndDeploy', {
        taskQueue,
        workflowId: `test-${randomUUID()}`,
        args: [input as TrainAndDeployInput],
      });
      await meanwhile(handle);
      return handle.result();
    });
  }
  const names = () => calls.map(({ name }) => name);
  const count = (name: string) => names().filter((called) => called === name).length;
  async function failure(input: unknown, stubs?: Stubs): Promise<ApplicationFailure> {
    const error = await run(input, stubs).then(
      () => assert.fail('the run should have failed'),
      (reason) => reason,
    );
    assert.ok(error instanceof WorkflowFailedError, String(error));
    assert.ok(error.cause instanceof ApplicationFailure, String(error.cause));
    return error.cause;
  }

  it('runs every stage in order, with defaults for an empty input', async () => {
    const result = await run({});
    assert.equal(result.outcome, 'deployed');
    assert.equal(result.bundle, 'b'.repeat(16));
    assert.deepEqual(result.stages.map(({ name }) => name).sort(), [
      'deploy',
      'evaluate',
      'features',
      'fetch',
      'fuse',
      'gate',
      'image',
      'split',
      'text',
      'validate',
      'version',
    ]);
    assert.deepEqual(
      result.stages.filter(({ reused }) => reused).map(({ name }) => name),
      ['split'],
    );
    const order = names();
    for (const [early, late] of [
      ['fetch', 'validate'],
      ['validate', 'split'],
      ['split', 'trainText'],
      ['split', 'planFeatures'],
      ['computeFeatures', 'trainImage'],
      ['trainText', 'fuse'],
      ['trainImage', 'fuse'],
      ['fuse', 'evaluate'],
      ['evaluate', 'version'],
      ['version', 'gate'],
      ['gate', 'deploy'],
    ] as const) {
      assert.ok(order.lastIndexOf(early) < order.indexOf(late), `${early} comes before ${late}`);
    }
    assert.equal(count('computeFeatures'), 3, 'one activity a missing shard');
  });

  it('hands parameters to the stages that they are for', async () => {
    await run({ catalogue: '/data', seed: 7, text: { epochs: 2 }, image: { size: 64 } });
    const input = (name: string) =>
      calls.find((call) => call.name === name)?.input as Record<string, unknown>;
    assert.equal(input('fetch').source, '/data');
    assert.deepEqual(input('trainText').parameters, { epochs: 2 });
    assert.deepEqual(input('trainImage').parameters, { size: 64 });
    assert.equal(input('split').seed, 7);
  });

  it('ends with the reason, untried again, when the catalogue is bad', async () => {
    const reason = await failure(
      {},
      {
        validate: () => {
          throw ApplicationFailure.nonRetryable('12 codes are unknown.', 'CATALOGUE_REJECTED');
        },
      },
    );
    assert.equal(reason.type, 'CATALOGUE_REJECTED');
    assert.equal(reason.message, 'validate: 12 codes are unknown.');
    assert.equal(count('validate'), 1);
    assert.equal(count('split'), 0);
  });

  it('outlasts a fault of the machines that goes on for a while', async () => {
    let failures = 9;
    const result = await run(
      {},
      {
        computeFeatures: () => {
          if (failures-- > 0) throw ApplicationFailure.retryable('the disk is away', 'EIO');
          return { computed: 2 };
        },
      },
    );
    assert.equal(result.outcome, 'deployed');
    assert.equal(count('computeFeatures'), 12);
  });

  it('gives up on a fault that does not end, with a bounded number of tries', async () => {
    const reason = await failure(
      {},
      {
        fetch: () => {
          throw ApplicationFailure.retryable('no route to host', 'FETCH_FAILED');
        },
      },
    );
    assert.equal(reason.message, 'fetch: no route to host');
    assert.equal(count('fetch'), 15);
  });

  it('rejects a challenger that is not better, and deploys nothing', async () => {
    const result = await run({}, { gate: () => ({ passed: false, reason: 'Worse than the champion.' }) });
    assert.equal(result.outcome, 'rejected');
    assert.equal(result.reason, 'Worse than the champion.');
    assert.equal(count('deploy'), 0);
  });

  it('pushes data and bundle beside the training when DVC is on, and says what was pushed before', async () => {
    const result = await run({}, { settings: () => ({ dvc: true }) });
    const input = (name: string) =>
      calls.find((call) => call.name === name)?.input as Record<string, unknown>;
    assert.deepEqual(input('pushDataset').dataset, input('trainText').dataset);
    assert.deepEqual(input('pushBundle'), { bundle: 'b'.repeat(16) });
    const pushed = result.stages.filter(({ name }) => name.startsWith('push-'));
    assert.deepEqual(
      pushed.map(({ name, reused }) => [name, reused]),
      [
        ['push-data', false],
        ['push-bundle', true],
      ],
    );
    assert.deepEqual(result.warnings, []);
  });

  it('deploys all the same when the remote stays away, with a warning, after a bounded number of tries', async () => {
    const result = await run(
      {},
      {
        settings: () => ({ dvc: true }),
        pushDataset: () => {
          throw ApplicationFailure.retryable('s3://kept does not answer.', 'DVC_REMOTE_UNREACHABLE');
        },
        pushBundle: () => {
          throw ApplicationFailure.nonRetryable('s3://kept refuses the keys.', 'DVC_REMOTE_DENIED');
        },
      },
    );
    assert.equal(result.outcome, 'deployed');
    assert.equal(count('pushDataset'), 6);
    assert.equal(count('pushBundle'), 1);
    assert.match(
      result.warnings[0] ?? '',
      /catalogue was not pushed: s3:.* does not answer.*npm run data -- push/,
    );
    assert.match(result.warnings[1] ?? '', /bundle was not pushed: .*refuses the keys/);
    assert.ok(result.stages.every(({ name }) => !name.startsWith('push-')));
  });

  it('stops at the bundle store when it is asked not to deploy', async () => {
    const result = await run({ deploy: false });
    assert.equal(result.outcome, 'waiting');
    assert.match(result.reason, /npm run deploy -- b{16}/);
    assert.equal(count('deploy'), 0);
  });

  describe('with deploy "approval"', () => {
    const asked = { deploy: 'approval', approvalHours: 48 };
    const decide = (handle: WorkflowHandle, update: string, decision: Decision) =>
      handle.executeUpdate<Waiting, [Decision]>(update, { args: [decision] });
    const refusal = (handle: WorkflowHandle, decision: Decision) =>
      decide(handle, 'approve', decision).then(
        () => assert.fail('the update should have been refused'),
        (error: unknown) => {
          assert.ok(error instanceof WorkflowUpdateFailedError, String(error));
          return (error.cause as ApplicationFailure).type;
        },
      );
    async function untilItWaits(handle: WorkflowHandle): Promise<Waiting> {
      for (;;) {
        const { waiting } = await handle.query<RunProgress>('progress');
        if (waiting) return waiting;
      }
    }

    it('waits for a person, and says what for', async () => {
      await run(asked, {}, async (handle) => {
        const { run: result, until } = await untilItWaits(handle);
        assert.deepEqual(
          [result.outcome, result.bundle, result.reason, result.datasetVersion],
          ['waiting', 'b'.repeat(16), 'better', 'dataset'],
        );
        assert.ok(Date.parse(until) > Date.now());
        assert.equal(count('deploy'), 0);
        await decide(handle, 'reject', { by: 'Ada', reason: 'enough seen' });
      });
    });

    it('deploys in the name of whoever approved, with the reason', async () => {
      const result = await run(asked, {}, async (handle) => {
        await untilItWaits(handle);
        await decide(handle, 'approve', { by: 'Ada', reason: 'looked at the confusions' });
      });
      assert.equal(result.outcome, 'deployed');
      assert.equal(result.reason, 'Approved by Ada: looked at the confusions');
      const deployment = calls.find(({ name }) => name === 'deploy')?.input as Record<string, unknown>;
      assert.deepEqual([deployment.by, deployment.reason], ['Ada', result.reason]);
    });

    it('deploys nothing when a person rejects it', async () => {
      const result = await run(asked, {}, async (handle) => {
        await untilItWaits(handle);
        await decide(handle, 'reject', { by: 'Ada', reason: 'weak on books' });
      });
      assert.deepEqual([result.outcome, result.reason], ['rejected', 'Rejected by Ada: weak on books']);
      assert.equal(count('deploy'), 0);
    });

    it('deploys nothing when nobody decides in time', async () => {
      const result = await run(asked);
      assert.equal(result.outcome, 'rejected');
      assert.match(result.reason, /^Nobody approved it within 48 hours\./);
      assert.equal(count('deploy'), 0);
    });

    it('asks nobody about a bundle that did not pass the gate', async () => {
      const result = await run(asked, { gate: () => ({ passed: false, reason: 'Worse.', checks: [] }) });
      assert.deepEqual([result.outcome, result.reason], ['rejected', 'Worse.']);
    });

    it('refuses a decision without a name or a reason, and goes on waiting', async () => {
      await run(asked, {}, async (handle) => {
        await untilItWaits(handle);
        assert.equal(await refusal(handle, { by: ' ', reason: 'why not' }), 'INPUT_INVALID');
        assert.ok((await handle.query<RunProgress>('progress')).waiting);
        await decide(handle, 'approve', { by: 'Ada', reason: 'fine' });
      });
    });

    it('refuses a decision when there is nothing to decide', async () => {
      let going = () => {};
      const held = new Promise<void>((resolve) => {
        going = resolve;
      });
      const stubs = { validate: () => held.then(() => ANSWERS.validate) };
      await run({}, stubs, async (handle) => {
        assert.equal(await refusal(handle, { by: 'Ada', reason: 'fine' }), 'NOT_WAITING');
        going();
      });
    });
  });

  it('is rejected, not failed, when the bundle goes back from its trial', async () => {
    const bad = { answered: 90, failed: 10, disagreed: 0, milliseconds: 20, championMilliseconds: 20 };
    const result = await run({ rollout: { canarySeconds: 3600 } }, { tryBundle: () => bad });
    assert.equal(result.outcome, 'rejected');
    assert.match(result.reason, /tried \(canary\) and went back: 10 of 100 requests failed/);
    assert.deepEqual([count('deploy'), count('endTrial')], [0, 1]);
  });

  it('tries the bundle unseen and then on a share of the requests, for as long as it was asked to', async () => {
    const result = await run({ rollout: { shadowSeconds: 600, canarySeconds: 3600, share: 0.05 } });
    assert.equal(result.outcome, 'deployed');
    const plans = calls.filter(({ name }) => name === 'tryBundle').map(({ input }) => input as TrialPlan);
    assert.deepEqual([...new Set(plans.map(({ kind }) => kind))], ['shadow', 'canary']);
    assert.ok(plans.length > 40 && plans.length < 70, `${plans.length} looks`);
    assert.ok(plans.every(({ share }) => share === 0.05));
    assert.equal(count('endTrial'), 0);
  });

  it('fails when the bundle does not pass its golden products', async () => {
    const reason = await failure(
      {},
      {
        deploy: () => {
          throw ApplicationFailure.nonRetryable('It answers otherwise.', 'BUNDLE_GOLDEN_MISMATCH');
        },
      },
    );
    assert.equal(reason.type, 'BUNDLE_GOLDEN_MISMATCH');
  });

  it('names every mistake of a wrong input at once', async () => {
    const reason = await failure({ seed: 'seven', epochs: 3 });
    assert.equal(reason.type, 'INPUT_INVALID');
    assert.match(reason.message, /seed/);
    assert.match(reason.message, /epochs/);
    assert.deepEqual(names(), []);
  });
});
