import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { connectClient } from '../../temporal/connection.ts';
import { TRAIN_WORKFLOW_ID, WORKFLOWS } from '../../temporal/contracts.ts';
import { createPipeline, type Pipeline } from '../../temporal/pipeline.ts';
import type { Run } from '../../temporal/runs.ts';
import { startTraining } from '../../temporal/training.ts';
import { freePort, type Server, startTemporal } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { until } from '../support/training.ts';

const QUEUE = 'nobody-listens';
const by = 'ada';
const failure = (code: string) => ({ name: 'EtiquetteError', code });

describe('training runs on a real server', () => {
  let directory: string;
  let server: Server;
  let client: Client;
  let pipeline: Pipeline;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-runs-'));
    const address = `127.0.0.1:${await freePort()}`;
    server = await startTemporal({ address, uiPort: await freePort(), directory });
    const settings = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default' };
    client = await connectClient(settings, { hurried: true });
    pipeline = createPipeline(async () => client, QUEUE);
  });
  after(async () => {
    await client?.connection.close();
    await server?.stop();
    if (directory) await rm(directory, { recursive: true });
  });
  afterEach(async () => {
    // A test may have ended its own.
    const handle = client.workflow.getHandle(TRAIN_WORKFLOW_ID);
    await client.withDeadline(Date.now() + 1000, () => handle.terminate()).catch(() => {});
  });

  /** The index of runs lags some moments behind. */
  const listed = (runId: string, status: Run['status']) =>
    until(async () => {
      const { runs } = await pipeline.list({ limit: 100 });
      return runs.find((run) => run.runId === runId && run.status === status);
    }, `run ${runId} in the list`);

  it('are one for each key of a user, however often and at once it is asked', async () => {
    const ask = () => pipeline.retrain({ input: { seed: 1 }, by, key: 'once' });
    const answers = await Promise.all(Array.from({ length: 10 }, ask));
    assert.equal(new Set(answers.map(({ runId }) => runId)).size, 1);
    assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
    const { runs } = await pipeline.list({ limit: 100 });
    assert.ok(runs.length <= 1);
  });

  it('keep their key when they have ended and others have run', async () => {
    const { runId } = await pipeline.retrain({ input: {}, by, key: 'kept' });
    await client.workflow.getHandle(TRAIN_WORKFLOW_ID, runId).terminate();
    const again = { workflowId: TRAIN_WORKFLOW_ID, runId, replayed: true };
    assert.deepEqual(await pipeline.retrain({ input: {}, by, key: 'kept' }), again);

    await listed(runId, 'terminated');
    const other = await startTraining(client, QUEUE, {});
    assert.notEqual(other.firstExecutionRunId, runId);
    assert.deepEqual(await pipeline.retrain({ input: {}, by, key: 'kept' }), again);
  });

  it('are not mistaken for another user’s with the same key', async () => {
    const { runId } = await pipeline.retrain({ input: {}, by, key: 'shared' });
    await client.workflow.getHandle(TRAIN_WORKFLOW_ID, runId).terminate();
    const others = await pipeline.retrain({ input: {}, by: 'grace', key: 'shared' });
    assert.notEqual(others.runId, runId);
    assert.equal(others.replayed, false);
  });

  it('refuse a key that came with another input; what the input leaves out is its default', async () => {
    const { runId } = await pipeline.retrain({ input: { seed: 42 }, by, key: 'x' });
    const again = await pipeline.retrain({ input: {}, by, key: 'x' });
    assert.deepEqual([again.runId, again.replayed], [runId, true]);
    await assert.rejects(
      pipeline.retrain({ input: { seed: 43 }, by, key: 'x' }),
      failure('IDEMPOTENCY_KEY_REUSED'),
    );
  });

  it('go on one at a time, whoever started the one that does: its id is told', async () => {
    const { firstExecutionRunId: going } = await startTraining(client, QUEUE, {});
    for (const key of [undefined, 'another']) {
      await assert.rejects(pipeline.retrain({ input: {}, by, key }), {
        ...failure('RUN_ALREADY_GOING'),
        details: { run: going },
      });
    }
  });

  it('are not started with a family or hyperparameter that there is none of', async () => {
    await assert.rejects(pipeline.retrain({ input: { family: 'oracle' }, by }), failure('FAMILY_UNKNOWN'));
    await assert.rejects(
      pipeline.retrain({ input: { image: { size: -1 } }, by }),
      failure('PARAMETER_INVALID'),
    );
    await assert.rejects(client.workflow.getHandle(TRAIN_WORKFLOW_ID).terminate());
  });

  it('keep who asked, are shown without a worker by either id, and say why they ended', async () => {
    const { runId } = await pipeline.retrain({ input: {}, by });
    const decision = pipeline.decide(runId, 'approve', { by, reason: 'to see' });
    const undecided = assert.rejects(decision, failure('WORKER_AWAY'));
    for (const id of [runId, TRAIN_WORKFLOW_ID]) {
      const run = await pipeline.show(id);
      assert.deepEqual([run.runId, run.status, run.by, run.progress], [runId, 'running', by, null]);
    }
    await undecided;
    await client.workflow.getHandle(TRAIN_WORKFLOW_ID, runId).terminate('enough');
    const { status, closed, reason } = await pipeline.show(runId);
    assert.equal(status, 'terminated');
    assert.ok(closed !== null && reason !== null);
  });

  it('are listed page by page without a gap or a double, and by status', async () => {
    const started: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { runId } = await pipeline.retrain({ input: {}, by });
      started.push(runId);
      if (count < 2) await client.workflow.getHandle(TRAIN_WORKFLOW_ID, runId).terminate();
    }
    const [first = '', second = '', third = ''] = started;
    await Promise.all([listed(first, 'terminated'), listed(second, 'terminated'), listed(third, 'running')]);

    const whole = (await pipeline.list({ limit: 100 })).runs.map(({ runId }) => runId);
    assert.deepEqual(whole.slice(0, 3), [third, second, first]);
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const { runs, next } = await pipeline.list({ limit: 2, cursor });
      assert.ok(runs.length <= 2);
      paged.push(...runs.map(({ runId }) => runId));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    assert.deepEqual(paged, whole);

    const running = await pipeline.list({ limit: 100, status: 'running' });
    assert.deepEqual(
      running.runs.map(({ runId }) => runId),
      [third],
    );
    await assert.rejects(pipeline.list({ limit: 2, cursor: 'bm9uZQ' }), failure('CURSOR_INVALID'));
  });

  it('are cancelled in a user’s name; when they have ended there is nothing to cancel', async () => {
    const { runId } = await pipeline.retrain({ input: {}, by });
    const why = { by, reason: 'wrong catalogue' };
    await pipeline.cancel(runId, why);
    const handle = client.workflow.getHandle(TRAIN_WORKFLOW_ID, runId);
    const { events } = await handle.fetchHistory();
    const causes = events?.map((event) => event.workflowExecutionCancelRequestedEventAttributes?.cause);
    assert.ok(causes?.includes('ada: wrong catalogue'), JSON.stringify(causes));
    await handle.terminate();
    await assert.rejects(pipeline.cancel(runId, why), failure('RUN_CLOSED'));
  });

  it('are all that an id from outside reaches', async () => {
    const other = await client.workflow.start(WORKFLOWS.deployModel, {
      workflowId: 'deploy-model',
      taskQueue: QUEUE,
      args: [{ rollback: true }],
    });
    const why = { by, reason: 'to see' };
    const ids = [
      'deploy-model',
      other.firstExecutionRunId,
      'nothing',
      '',
      'x'.repeat(300),
      'a\0b',
      "' OR 1=1",
    ];
    for (const id of ids) {
      await assert.rejects(pipeline.show(id), failure('RUN_UNKNOWN'), id);
      await assert.rejects(pipeline.cancel(id, why), failure('RUN_UNKNOWN'), id);
      await assert.rejects(pipeline.decide(id, 'approve', why), failure('RUN_UNKNOWN'), id);
    }
    assert.equal((await other.describe()).status.name, 'RUNNING');
    await other.terminate();
  });

  it('are out of reach when the server has gone, which is said within the deadline', async () => {
    await server.stop('SIGKILL');
    const why = { by, reason: 'to see' };
    const asked = [
      pipeline.list({ limit: 1 }),
      pipeline.show('any'),
      pipeline.cancel('any', why),
      pipeline.decide('any', 'reject', why),
      pipeline.retrain({ input: {}, by, key: 'k' }),
      pipeline.retrain({ input: {}, by }),
      pipeline.deploy({ rollback: true }),
    ];
    const ends = await Promise.allSettled(asked);
    assert.deepEqual(
      ends.map((end) => (end.status === 'rejected' ? end.reason.code : end.value)),
      asked.map(() => 'TEMPORAL_UNREACHABLE'),
    );
  });
});
