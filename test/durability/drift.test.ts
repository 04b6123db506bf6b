import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { PROJECT } from '../../config.ts';
import { TRAIN_WORKFLOW_ID, type WatchDriftResult, WORKFLOWS } from '../../temporal/contracts.ts';
import { createPipeline } from '../../temporal/pipeline.ts';
import { freePort, type Server, startEntry } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/training.ts';
import {
  blackPictures,
  correct,
  recordAnswers,
  referenceText,
  serves,
  unchanged,
  watchedBundle,
} from '../support/watched.ts';

const WINDOW = 200;

/** Real workers on a real server; predictions are kept by the API's own recorder. */
describe('the watch over the stream of products', function () {
  this.timeout(180_000);
  let directory: string;
  let varDirectory: string;
  let metrics: string;
  let stack: Stack;
  let second: Server;
  let bundle: string;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-drift-'));
    varDirectory = join(directory, 'var');
    const port = await freePort();
    metrics = `http://127.0.0.1:${port}/metrics`;
    const settings = { PIPELINE_METRICS_PORT: `${port}`, WATCH_WINDOW: `${WINDOW}` };
    stack = await startStack(directory, ['pipeline'], settings);
  });
  after(async () => {
    await second?.stop();
    await stack?.close();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  const start = (): Promise<WorkflowHandle<() => Promise<WatchDriftResult>>> =>
    stack.client.workflow.start(WORKFLOWS.watchDrift, {
      // As a schedule names them.
      workflowId: `watch-drift-${randomUUID()}`,
      taskQueue: stack.queue,
    });
  const check = async () => (await start()).result();
  const pipeline = () => createPipeline(async () => stack.client, stack.queue);

  /** Every training there was, once the list of runs has caught up with the newest. */
  async function trainings() {
    const { runId } = await stack.client.workflow.getHandle(TRAIN_WORKFLOW_ID).describe();
    return until(async () => {
      const { runs } = await pipeline().list({ limit: 100 });
      return runs.some((run) => run.runId === runId) && runs;
    }, 'the newest training in the list');
  }

  async function reports(): Promise<string[]> {
    const entries = await readdir(join(varDirectory, 'drift'), { withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  }

  async function measured(name: string): Promise<string[]> {
    const text = await (await fetch(metrics)).text();
    return text.split('\n').filter((line) => line.startsWith(name));
  }

  const unjudged = async (words: RegExp) => {
    const { level, reason, report, retraining } = await check();
    assert.deepEqual([level, report, retraining], [null, null, null]);
    assert.match(reason, words);
    assert.deepEqual(await reports(), []);
  };

  it('judges nothing, and says why: nothing serves', () => unjudged(/^Nothing serves yet/));

  it('judges nothing when the champion has nothing to compare with', async () => {
    const bundles = join(varDirectory, 'bundles');
    await serves(varDirectory, await watchedBundle(bundles, { reference: null, source: '/none' }));
    await unjudged(/has nothing to compare with/);
  });

  it('judges nothing when what it would be compared with is of another version', async () => {
    const bundles = join(varDirectory, 'bundles');
    await serves(varDirectory, await watchedBundle(bundles, { reference: '{"format": 0}', source: '/none' }));
    await unjudged(/of another version/);
  });

  it('judges nothing on a few products since the deployment', async () => {
    // Its catalogue is not there: a training ends at once.
    const champion = { reference: referenceText(), source: join(directory, 'no-such-catalogue') };
    bundle = await watchedBundle(join(varDirectory, 'bundles'), champion);
    await recordAnswers(varDirectory, bundle, blackPictures(100, 1));
    await serves(varDirectory, bundle);
    await recordAnswers(varDirectory, bundle, unchanged(19, 2));
    await unjudged(/^19 different products since .* are too few/);
    assert.match((await measured('etiquette_drift_level{'))[0] ?? '', / NaN$/);
  });

  it('raises nothing for an unchanged stream, and leaves a report for people', async () => {
    const products = unchanged(WINDOW, 102);
    const ids = await recordAnswers(varDirectory, bundle, products);
    for (const [place, id] of ids.slice(0, 3).entries()) {
      const { code } = products[place]!;
      const other = code === 10 ? 40 : 10;
      await correct(varDirectory, { id, bundle, code }, place === 0 ? other : code);
    }
    const { level, reason, directory: folder, report, retraining } = await check();
    assert.deepEqual([level, retraining], ['ok', null], reason);
    assert.equal(reason, `Of ${WINDOW} products nothing goes beyond chance.`);
    const { n, value } = report?.measuredAccuracy ?? assert.fail('nobody looked');
    assert.deepEqual([n, value], [3, 2 / 3]);
    const names = await readdir(folder ?? '');
    for (const name of ['report.json', 'report.md', 'report.fr.md', 'overview.svg', 'codes.svg']) {
      assert.ok(names.includes(name), name);
    }
    const written = JSON.parse(await readFile(join(folder ?? '', 'report.json'), 'utf8'));
    assert.deepEqual([written.bundle, written.statistics], [bundle, report?.statistics]);
    await assert.rejects(stack.client.workflow.getHandle(TRAIN_WORKFLOW_ID).describe());
  });

  it('shows the check among the metrics of the worker, and in the list of runs', async () => {
    const [level] = await measured('etiquette_drift_level{');
    assert.match(level ?? '', / 0$/);
    const sizes = await measured('etiquette_drift_size{');
    assert.equal(sizes.length, 17);
    const accuracies = await measured('etiquette_drift_accuracy_ratio{');
    assert.match(accuracies.find((line) => line.includes('kind="measured"')) ?? '', / 0\.666/);
    const query = `WorkflowType = 'watchDrift' AND EtiquetteDriftLevel = 'ok'`;
    await until(async () => {
      for await (const _ of stack.client.workflow.list({ query })) return true;
      return false;
    }, 'the check in the list');
  });

  it('starts one training for one change, though two checks see it at once', async () => {
    second = await startEntry(
      'workers/pipeline.ts',
      { ...stack.env, PIPELINE_METRICS_PORT: '0' },
      join(directory, 'second.log'),
    );
    await recordAnswers(varDirectory, bundle, blackPictures(WINDOW, 7));
    const both = await Promise.all((await Promise.all([start(), start()])).map((run) => run.result()));
    assert.deepEqual(
      both.map(({ level }) => level),
      ['retrain', 'retrain'],
    );
    const [run] = await trainings();
    const started = both.map(({ retraining }) => retraining?.run?.runId).filter((id) => id !== undefined);
    assert.ok(started.length > 0);
    assert.deepEqual([...new Set(started)], [run?.runId]);
    assert.equal(run?.by, 'drift');
    assert.equal((await trainings()).length, 1);
    const handle = stack.client.workflow.getHandle(TRAIN_WORKFLOW_ID);
    const { staticDetails } = await handle.describe();
    assert.match((await staticDetails()) ?? '', /Brightness of the pictures/);
    const { events } = await handle.fetchHistory();
    const data = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data ?? '';
    const { family, seed, text, image, catalogue, by, gate } = JSON.parse(Buffer.from(data).toString());
    assert.deepEqual(
      { family, seed, text, image, catalogue, by, lead: gate.lead },
      {
        ...{ family: 'lstm-vgg16', seed: 7, text: { epochs: 2 }, image: { size: 32 } },
        ...{ catalogue: join(directory, 'no-such-catalogue'), by: 'drift', lead: -0.01 },
      },
    );
  });

  it('starts none while it cools down, though the training has ended and the change lasts', async () => {
    await assert.rejects(stack.client.workflow.getHandle(TRAIN_WORKFLOW_ID).result());
    const [run] = await trainings();
    // As if the worker had died before it wrote down what it had started.
    await rm(join(varDirectory, 'drift', 'last-training.json'));
    assert.equal((await check()).retraining?.run?.runId, run?.runId);
    for (let time = 0; time < 2; time++) {
      const { level, before, retraining } = await check();
      assert.deepEqual([level, before, retraining?.run], ['retrain', 'retrain', null]);
      assert.match(retraining?.reason ?? '', /DRIFT_COOLDOWN_HOURS is 24/);
    }
    assert.equal((await trainings()).length, 1);
  });

  it('is told by the pipeline to whoever asks for the last check', async () => {
    const last = await check();
    await until(async () => (await pipeline().drift())?.at === last.at, 'the last check in the list');
    assert.deepEqual(await pipeline().drift(), last);
  });

  it('is asked for by a command, which says where the pictures are', async () => {
    const run = (...args: string[]) =>
      new Promise<{ code: unknown; stdout: string }>((resolve) => {
        const command = [join(PROJECT, 'cli/etiquette.mjs'), 'drift', ...args];
        const env = { ...process.env, ...stack.env };
        execFile(process.execPath, command, { env }, (error, stdout) =>
          resolve({ code: error?.code ?? 0, stdout }),
        );
      });
    const { code, stdout } = await run();
    assert.equal(code, 3);
    assert.match(stdout, /^retrain: Of 200 products: /);
    assert.match(stdout, new RegExp(`Report and pictures: ${join(varDirectory, 'drift')}/\\d{4}-`));
    const json = JSON.parse((await run('--json')).stdout) as WatchDriftResult;
    assert.deepEqual([json.level, json.bundle], ['retrain', bundle]);
  });

  it('leaves no half report when its worker is killed while it writes', async () => {
    await second.stop();
    const before = await reports();
    const run = await start();
    const staging = () => reports().then((names) => names.some((name) => name.startsWith('.staging-')));
    await until(staging, 'a report that is written');
    await stack.servers.get('pipeline')?.stop('SIGKILL');
    const left = (await reports()).filter((name) => !before.includes(name));
    assert.ok(left.every((name) => name.startsWith('.staging-')) && left.length === 1, `${left}`);
    // The cool-down is over for this worker.
    stack.env.DRIFT_COOLDOWN_HOURS = '0';
    await stack.start('pipeline');
    const { level, directory: folder } = await run.result();
    assert.equal(level, 'retrain');
    const whole = (await reports()).filter((name) => !before.includes(name) && !name.startsWith('.'));
    assert.deepEqual(
      whole.map((name) => join(varDirectory, 'drift', name)),
      [folder],
    );
    assert.ok((await readdir(folder ?? '')).includes('report.json'));
  });

  it('starts another training when the change lasts longer than the cool-down', async () => {
    assert.equal((await trainings()).length, 2);
  });
});
