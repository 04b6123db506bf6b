import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, Client, Connection, ScheduleNotFoundError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { DEPLOY_WORKFLOW_ID, type RetrainResult, TRAIN_WORKFLOW_ID } from '../../temporal/contracts.ts';
import { applySchedules } from '../../temporal/schedules/apply.ts';
import { controlSchedule, MOST_BACKFILLED } from '../../temporal/schedules/control.ts';
import {
  type DeclaredSchedule,
  declareSchedules,
  type ScheduleSettings,
} from '../../temporal/schedules/declared.ts';
import { showSchedules } from '../../temporal/schedules/shown.ts';
import { keepSchedules } from '../../workers/schedules.ts';
import { freePort, type Server, startTemporal } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { until } from '../support/training.ts';
import { quiet, workflowBundle } from '../workflows/environment.ts';

/** At the turn of 2090: nothing begins by itself while the tests go on. */
const LATER = '0 0 1 1 * 2090';
const SETTINGS: ScheduleSettings = {
  RETRAIN_SCHEDULE: LATER,
  WATCH_SCHEDULE: LATER,
  PRUNE_SCHEDULE: LATER,
  SCHEDULE_TIME_ZONE: 'Europe/Paris',
  PIPELINE_TASK_QUEUE: 'nobody-listens',
};
const NAMES = ['retrain', 'watch-drift', 'prune'];

describe('schedules on a real Temporal server', function () {
  this.timeout(60_000);
  let directory: string;
  let options: { address: string; uiPort: number; directory: string };
  let server: Server;
  let connection: Connection;
  let client: Client;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    quiet();
    directory = await mkdtemp(join(tmpdir(), 'etiquette-schedules-'));
    options = { address: `127.0.0.1:${await freePort()}`, uiPort: await freePort(), directory };
    server = await startTemporal(options);
    connection = await Connection.connect({ address: options.address });
    client = new Client({ connection });
  });
  after(async () => {
    await connection?.close();
    await server?.stop();
    if (directory) await rm(directory, { recursive: true });
  });
  afterEach(async () => {
    for (const name of [...NAMES, 'mine']) await forget(name);
  });

  const apply = (settings: Partial<ScheduleSettings> = {}) =>
    applySchedules(client.schedule, declareSchedules({ ...SETTINGS, ...settings }));
  const described = (name: string) => client.schedule.getHandle(name).describe();
  const declared = (name: string, settings: Partial<ScheduleSettings> = {}): DeclaredSchedule => {
    const found = declareSchedules({ ...SETTINGS, ...settings }).find((one) => one.scheduleId === name);
    assert.ok(found);
    return found;
  };
  const control = (name: string) => controlSchedule(client, declared(name));
  const running = async (name: string) => (await described(name)).info.runningActions;
  const becomes = (name: string, count: number) =>
    until(async () => (await described(name)).info.numActionsTaken === count, `${count} runs of ${name}`);

  /** Nobody listens on the queue: what a test started goes on until it is ended. */
  async function end(name: string): Promise<void> {
    for (const { workflow } of await running(name)) {
      await client.workflow.getHandle(workflow.workflowId, workflow.firstExecutionRunId).terminate();
    }
  }

  async function forget(name: string): Promise<void> {
    try {
      const started = await running(name);
      await client.schedule.getHandle(name).delete();
      for (const { workflow } of started) {
        await client.workflow
          .getHandle(workflow.workflowId)
          .terminate()
          .catch(() => {});
      }
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  }

  describe('applied', () => {
    it('by two workers at once, are there once, as declared', async () => {
      const native = await NativeConnection.connect({ address: options.address });
      const settings = { ...SETTINGS, RETRAIN_SCHEDULE: '0 3 * * 0', TEMPORAL_NAMESPACE: 'default' };
      const log = pino({ level: 'silent' });
      try {
        await Promise.all([keepSchedules(native, settings, log), keepSchedules(native, settings, log)]);
      } finally {
        await native.close();
      }
      const { policies, spec, action, state, info } = await described('retrain');
      assert.deepEqual(policies, { overlap: 'BUFFER_ONE', catchupWindow: 86_400_000, pauseOnFailure: true });
      assert.equal(action.workflowType, 'retrain');
      assert.equal(action.taskQueue, SETTINGS.PIPELINE_TASK_QUEUE);
      assert.match(state.note ?? '', /^Trains the champion again/);
      assert.equal(spec.jitter, 15 * 60_000);
      const zone = new Intl.DateTimeFormat('en-GB', {
        timeZone: 'Europe/Paris',
        ...{ weekday: 'short', hour: '2-digit' },
      });
      assert.deepEqual(new Set(info.nextActionTimes.map((time) => zone.format(time))), new Set(['Sun, 03']));
      for (const name of NAMES) assert.equal((await described(name)).memo?.declaredBy, 'etiquette');
    });

    it('again, are not touched: an update would drop what is to be caught up', async () => {
      await apply();
      const applied = await apply();
      assert.deepEqual(applied.unchanged, NAMES);
      assert.equal((await described('retrain')).info.lastUpdatedAt, undefined);
    });

    it('otherwise, are changed; a pause and its reason stay', async () => {
      await apply();
      await control('retrain').pause('Paused by Ada: the catalogue moves');
      const applied = await apply({ RETRAIN_SCHEDULE: '0 0 1 1 * 2091', PRUNE_SCHEDULE: '0 0 1 1 * 2091' });
      assert.deepEqual([applied.changed, applied.unchanged], [['retrain', 'prune'], ['watch-drift']]);
      const { state, info } = await described('retrain');
      assert.deepEqual([state.paused, state.note], [true, 'Paused by Ada: the catalogue moves']);
      assert.match(`${info.nextActionTimes[0]?.toISOString()}`, /^2090-12-31T23:/);
      const prune = await described('prune');
      assert.deepEqual([prune.state.paused, prune.state.note], [false, declared('prune').state.note]);
    });

    it('take away what is off now, and nothing that a person made', async () => {
      await client.schedule.create({ ...declared('watch-drift'), scheduleId: 'mine', memo: {} });
      await apply();
      // The list of schedules lags some moments behind.
      await until(async () => (await apply({ PRUNE_SCHEDULE: 'off' })).removed.length > 0, 'prune removed');
      await assert.rejects(described('prune'), ScheduleNotFoundError);
      for (const name of ['retrain', 'watch-drift', 'mine'])
        assert.equal((await described(name)).scheduleId, name);
    });

    it('leave a schedule alone that a person gave the same name', async () => {
      const { spec, action } = declared('prune', { PRUNE_SCHEDULE: '0 0 1 1 * 2092' });
      await client.schedule.create({ scheduleId: 'prune', spec, action });
      assert.deepEqual((await apply()).foreign, ['prune']);
      assert.match(`${(await described('prune')).info.nextActionTimes[0]?.toISOString()}`, /^2091-12-31/);
    });

    it('name the variable that Temporal cannot read', async () => {
      await assert.rejects(apply({ WATCH_SCHEDULE: '99 * * * *' }), {
        code: 'SCHEDULE_INVALID',
        message: /watch-drift.*Correct WATCH_SCHEDULE/,
      });
    });
  });

  describe('whose run goes on', () => {
    it('skip: a check of drift is not doubled', async () => {
      await apply();
      const watch = control('watch-drift');
      assert.equal(await watch.trigger(), 'starts');
      await becomes('watch-drift', 1);
      assert.equal(await watch.trigger(), 'skipped');
      await until(
        async () => (await described('watch-drift')).info.numActionsSkippedOverlap === 1,
        'one left out',
      );
      assert.equal((await running('watch-drift')).length, 1);
      await end('watch-drift');
      assert.equal(await until(async () => (await watch.trigger()) === 'starts', 'the next starts'), true);
    });

    it('buffer one: of trainings that are asked for meanwhile one comes after it', async () => {
      await apply();
      const retrain = control('retrain');
      await retrain.trigger();
      await becomes('retrain', 1);
      const [first] = await running('retrain');
      assert.equal(await retrain.trigger(), 'waits');
      assert.equal(await retrain.trigger(), 'waits');
      const buffered = async () => Number((await described('retrain')).raw.info?.bufferSize ?? 0);
      await until(async () => (await buffered()) === 1, 'one buffered');
      assert.deepEqual(await running('retrain'), [first]);
      await end('retrain');
      await becomes('retrain', 2);
      assert.equal(await buffered(), 0);
      assert.equal((await described('retrain')).state.paused, false, 'what a person ends pauses nothing');
    });

    it('backfill: every time of the period, one after the other', async () => {
      const settings = { WATCH_SCHEDULE: '0 * * * *' };
      await apply(settings);
      const watch = controlSchedule(client, declared('watch-drift', settings));
      await watch.pause('only the past is wanted');
      const from = new Date('2026-03-01T00:30:00Z');
      const hours = (count: number) => new Date(from.getTime() + count * 3_600_000);
      await assert.rejects(watch.backfill(from, hours(MOST_BACKFILLED + 1)), { code: 'BACKFILL_INVALID' });
      await assert.rejects(watch.backfill(from, from), { code: 'BACKFILL_INVALID' });
      assert.equal(await watch.backfill(from, hours(2)), 2);
      for (const count of [1, 2]) {
        await becomes('watch-drift', count);
        assert.equal((await running('watch-drift')).length, 1);
        await end('watch-drift');
      }
      const ids = (await described('watch-drift')).info.recentActions.map(
        ({ action }) => action.workflow.workflowId,
      );
      assert.deepEqual(ids, ['watch-drift-2026-03-01T01:00:00Z', 'watch-drift-2026-03-01T02:00:00Z']);
    });
  });

  describe('with a worker', () => {
    const taskQueue = `schedules-${randomUUID()}`;
    const settings = { PIPELINE_TASK_QUEUE: taskQueue };

    async function withWorker(
      activities: Record<string, () => Promise<unknown>>,
      work: () => Promise<void>,
    ): Promise<void> {
      const native = await NativeConnection.connect({ address: options.address });
      try {
        const workflows = { workflowBundle: await workflowBundle() };
        const worker = await Worker.create({ connection: native, taskQueue, ...workflows, activities });
        await worker.runUntil(work);
      } finally {
        await native.close();
      }
    }

    it('a failed retraining pauses its schedule, which says why, until somebody resumes it', async () => {
      const championAgain = async () => {
        throw ApplicationFailure.nonRetryable('the bundle is damaged', 'BUNDLE_CORRUPT');
      };
      await apply(settings);
      await withWorker({ championAgain }, async () => {
        await control('retrain').trigger();
        await until(async () => (await described('retrain')).state.paused, 'the pause');
      });
      const { note } = (await described('retrain')).state;
      assert.match(note ?? '', /paused.*fail.*retrain-.*the bundle is damaged/i);
      await apply(settings);
      assert.equal((await described('retrain')).state.paused, true);
      await control('retrain').resume();
      const { state } = await described('retrain');
      assert.deepEqual([state.paused, state.note], [false, declared('retrain').state.note]);
    });

    for (const end of ['cancel', 'terminate'] as const) {
      it(`a training that a person ends (${end}) pauses nothing`, async () => {
        const activities = {
          championAgain: async () => ({ input: { catalogue: '/again' }, reason: null }),
          settings: async () => ({ trainingTaskQueue: taskQueue }),
          fetch: async () => {
            throw ApplicationFailure.retryable('the catalogue is away', 'DOWNLOAD_FAILED');
          },
        };
        await apply(settings);
        await withWorker(activities, async () => {
          await control('retrain').trigger();
          const training = client.workflow.getHandle(TRAIN_WORKFLOW_ID);
          await until(
            () =>
              training.describe().then(
                ({ status }) => status.name === 'RUNNING',
                () => false,
              ),
            'the training',
          );
          await training[end]();
          await until(async () => (await running('retrain')).length === 0, 'the end of it');
        });
        const { state, info } = await described('retrain');
        assert.equal(state.paused, false);
        const started = info.recentActions.at(-1)?.action.workflow;
        const result: RetrainResult = await client.workflow.getHandle(started?.workflowId ?? '').result();
        assert.equal(result.reason, 'Somebody ended the training before its time.');
      });
    }

    it('pruning runs under the id of deployments, and waits for its worker', async () => {
      await apply(settings);
      await control('prune').trigger();
      await becomes('prune', 1);
      const under: string[] = [];
      const prune = async () => {
        under.push(Context.current().info.workflowExecution?.workflowId ?? '');
        return { kept: {}, bundles: [], stages: [], features: 0, bytes: 0 };
      };
      await withWorker({ prune }, async () => {
        await until(async () => (await running('prune')).length === 0, 'the end of it');
      });
      assert.deepEqual(under, [DEPLOY_WORKFLOW_ID]);
    });
  });

  it('missed while the server was down, are caught up within their window, and left out beyond it', async () => {
    const inSeconds = (seconds: number) => {
      const at = new Date(Date.now() + seconds * 1000);
      const [day, month] = [at.getUTCDate(), at.getUTCMonth() + 1];
      return `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} ${day} ${month} * ${at.getUTCFullYear()}`;
    };
    const due = Date.now() + 3_000;
    const once = inSeconds(3);
    const soon = { RETRAIN_SCHEDULE: once, WATCH_SCHEDULE: once, SCHEDULE_TIME_ZONE: 'UTC' };
    const both = declareSchedules({ ...SETTINGS, ...soon, PRUNE_SCHEDULE: 'off' }).map((one) => ({
      ...one,
      spec: { ...one.spec, jitter: 0 },
      // 10 s are the least that Temporal takes.
      policies: {
        ...one.policies,
        catchupWindow: one.scheduleId === 'watch-drift' ? '10s' : one.policies.catchupWindow,
      },
    })) as DeclaredSchedule[];
    await applySchedules(client.schedule, both);
    assert.equal((await described('retrain')).info.numActionsTaken, 0);
    await server.stop('SIGKILL');
    await until(async () => Date.now() > due + 11_000, 'the window to pass');
    server = await startTemporal(options);
    await becomes('retrain', 1);
    await until(
      async () => (await described('watch-drift')).info.numActionsMissedCatchupWindow === 1,
      'one missed',
    );
    const [retrain, watch] = await showSchedules(client.schedule, both);
    assert.deepEqual([retrain?.taken, retrain?.missed, watch?.taken, watch?.missed], [1, 0, 0, 1]);
  });
});
