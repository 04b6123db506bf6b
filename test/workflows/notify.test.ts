import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure, Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createNotify } from '../../activities/notify.ts';
import { createSettings } from '../../activities/settings.ts';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { readConfig } from '../../config.ts';
import type { TrainAndDeployResult } from '../../temporal/contracts.ts';
import { registerSearchAttributes } from '../../temporal/register.ts';
import { freePort, type Server, startTemporal } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { type Received, type Receiver, receiveWebhooks, SECRET } from '../support/webhook-receiver.ts';
import { quiet, workflowBundle } from './environment.ts';
import { ANSWERS } from './stage-answers.ts';

/** Stages answer at once, as recorded; whoever is told, and how, is the real thing. */
describe('what people are told of, on a real server', function () {
  this.timeout(60_000);
  let directory: string;
  let server: Server;
  let client: Client;
  let connection: NativeConnection;
  let receiver: Receiver | undefined;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    quiet();
    directory = await mkdtemp(join(tmpdir(), 'etiquette-notify-'));
    const [port, uiPort] = [await freePort(), await freePort()];
    const address = `127.0.0.1:${port}`;
    server = await startTemporal({ address, uiPort, directory });
    connection = await NativeConnection.connect({ address });
    await registerSearchAttributes(connection, 'default');
    client = new Client({ connection: await Connection.connect({ address }) });
  });
  after(async () => {
    await client?.connection.close();
    await connection?.close();
    await server?.stop();
    if (directory) await rm(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    await receiver?.close();
    receiver = undefined;
  });

  type Stubs = Record<string, () => unknown>;

  /** A worker that tells `url`, for as long as `work` takes. */
  async function installation<T>(
    url: string | undefined,
    stubs: Stubs,
    work: (start: (type: string, input: unknown) => Promise<WorkflowHandle>) => Promise<T>,
  ): Promise<T> {
    const taskQueue = randomUUID();
    const config = readConfig({
      TRAINING_TASK_QUEUE: taskQueue,
      DVC: 'off',
      ...(url ? { NOTIFY_URL: url, NOTIFY_SECRET: SECRET } : {}),
    });
    const answers = Object.entries(ANSWERS).map(([name, answer]) => [name, async () => answer]);
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities: {
        ...Object.fromEntries(answers),
        ...stubs,
        ...createSettings(config),
        notify: createNotify({ config } as ActivityDeps),
      },
    });
    return worker.runUntil(() =>
      work((type, input) =>
        client.workflow.start(type, { taskQueue, workflowId: randomUUID(), args: [input] }),
      ),
    );
  }
  const types = (received: readonly Received[]) => received.map(({ message }) => message?.type);

  it('a run that is deployed is told of once, with its ids', async () => {
    receiver = await receiveWebhooks();
    const { received, url } = receiver;
    await installation(url, {}, async (start) => {
      const run = await start('trainAndDeploy', {});
      const { warnings, outcome }: TrainAndDeployResult = await run.result();
      deepEqual([outcome, warnings], ['deployed', []]);
      deepEqual(types(received), ['run.finished']);
      const data = received[0]?.message?.data;
      equal(data?.workflowId, run.workflowId);
      match(`${data?.links.temporal}`, new RegExp(`/${run.workflowId}/${data?.runId}/`));
    });
  });

  it('a run that waits for a person says so when it begins to wait, and how it ended', async () => {
    receiver = await receiveWebhooks();
    const { received, url, got } = receiver;
    await installation(url, {}, async (start) => {
      const run = await start('trainAndDeploy', { deploy: 'approval' });
      await got(1);
      await run.executeUpdate('reject', { args: [{ by: 'Ada', reason: 'weak on books' }] });
      await run.result();
      deepEqual(types(received), ['run.waiting', 'run.finished']);
      match(`${received[1]?.message?.text}`, /does not serve\. Rejected by Ada: weak on books/);
    });
  });

  it('a run that fails, and one that is cancelled, say why', async () => {
    receiver = await receiveWebhooks();
    const { received, url, got } = receiver;
    const validate = () => {
      throw ApplicationFailure.nonRetryable('12 codes are unknown.', 'CATALOGUE_REJECTED');
    };
    await installation(url, { validate }, async (start) => {
      await (await start('trainAndDeploy', {})).result().catch(() => {});
    });
    await installation(url, {}, async (start) => {
      const run = await start('trainAndDeploy', { deploy: 'approval' });
      await got(2);
      await run.cancel();
      await run.result().catch(() => {});
    });
    deepEqual(types(received), ['run.failed', 'run.waiting', 'run.failed']);
    const texts = received.map(({ message }) => message?.text);
    match(`${texts[0]}`, /failed \(validate\)\. 12 codes are unknown\. \[CATALOGUE_REJECTED\]/);
    match(`${texts[2]}`, /was cancelled \(approval\)/);
  });

  it('a bundle that goes back by itself, and one that a person takes back', async () => {
    receiver = await receiveWebhooks();
    const { received, url } = receiver;
    const bad = { answered: 90, failed: 10, disagreed: 0, milliseconds: 20, championMilliseconds: 20 };
    const deploy = async () => ({ version: 'old', replaced: 'new', reason: 'too slow' });
    await installation(url, { tryBundle: async () => bad, deploy }, async (start) => {
      const rollout = { canarySeconds: 60, shadowSeconds: 0 };
      await (await start('deployModel', { version: 'b'.repeat(16), rollout })).result().catch(() => {});
      const back = { rollback: true, by: 'Ada', reason: 'too slow' };
      await (await start('deployModel', back)).result();
    });
    deepEqual(types(received), ['deployment.rolled_back', 'deployment.rolled_back']);
    match(`${received[0]?.message?.text}`, /went back by itself.*10 of 100 requests failed/);
    match(`${received[1]?.message?.text}`, /Ada went back from the bundle new to b{16}\. too slow/);
  });

  it('a stream that changes is told of once, and every training for it', async () => {
    receiver = await receiveWebhooks();
    const { received, url } = receiver;
    const check = {
      ...{ at: '2026-01-02T03:04:05.000Z', bundle: 'b'.repeat(16), since: '2026-01-01T00:00:00.000Z' },
      ...{ level: 'retrain', before: 'ok', reason: 'Other languages.', report: null, directory: '/drift' },
    };
    const run = { workflowId: 'train-and-deploy', runId: 'run-1' };
    let trained: typeof run | null = run;
    const stubs = {
      checkDrift: async () => check,
      retrainForDrift: async () => ({ run: trained, reason: '' }),
    };
    await installation(url, stubs, async (start) => {
      await (await start('watchDrift', undefined)).result();
      check.before = 'retrain';
      trained = null;
      await (await start('watchDrift', undefined)).result();
    });
    deepEqual(types(received), ['drift.detected']);
    match(
      `${received[0]?.message?.text}`,
      /has changed.*\(retrain\)\. Other languages\. A training goes on: train-and-deploy\./,
    );
  });

  it('a receiver that is down for a while gets it under the same id at each try, signed anew', async () => {
    // It says itself how soon it may be asked again: the test need not wait for the back-off.
    receiver = await receiveWebhooks((response, attempt) =>
      response.writeHead(attempt < 3 ? 500 : 200, { 'retry-after': '1' }).end(),
    );
    const { url, got } = receiver;
    await installation(url, {}, async (start) => {
      await (await start('trainAndDeploy', {})).result();
      const tries = await got(3);
      deepEqual(types(tries), ['run.finished', 'run.finished', 'run.finished']);
      equal(new Set(tries.map(({ id }) => id)).size, 1);
      equal(new Set(tries.map(({ body }) => body)).size, 1);
      ok(new Set(tries.map(({ headers }) => headers['webhook-signature'])).size > 1);
      deepEqual(await client.workflow.getHandle(`notify-${tries[0]?.id}`).result(), { status: 200 });
    });
  });

  it('a receiver that wants nothing more is asked once, and the run says that nobody was told', async () => {
    receiver = await receiveWebhooks((response) => response.writeHead(410).end('gone'));
    const { received, url } = receiver;
    await installation(url, {}, async (start) => {
      const { outcome, warnings }: TrainAndDeployResult = await (await start('trainAndDeploy', {})).result();
      equal(outcome, 'deployed');
      match(warnings.join(), /^The notification run\.finished was not delivered: .*answers 410.*gone/);
      equal(received.length, 1);
    });
  });

  it('nobody is told where there is no NOTIFY_URL', async () => {
    await installation(undefined, {}, async (start) => {
      const run = await start('trainAndDeploy', {});
      deepEqual(((await run.result()) as TrainAndDeployResult).warnings, []);
      const { events } = await run.fetchHistory();
      const children = events?.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
      deepEqual(children?.length, 1, 'only the deployment');
    });
  });
});
