import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CHALLENGE_FILES } from '../data/catalogue.ts';
import { generateSample } from '../data/sample/generate.ts';
import { EtiquetteError } from '../errors.ts';
import type { TrainAndDeployInput } from '../temporal/inputs.ts';
import { reasonOf } from '../temporal/reason.ts';
import { type Stack, startStack } from '../test/support/stack.ts';
import { makeTrainingMaterials } from '../test/support/training.ts';
import type { Row } from './row.ts';

const FIELDS = ['product_identifier', 'designation', 'description', 'product_id', 'imageid'];
const CLIENTS = 2;
const STATUS_EVERY_MS = 20;
const TARGET_MS = 50;

/** Full-size pictures: the load is the real one. */
const TRAINING: TrainAndDeployInput = {
  text: { epochs: 20, patience: 20 },
  image: { epochs: 10, patience: 10 },
  shardSize: 64,
};

/**
 * Trains and predicts at once on every core, and asks /status 50 times a second all the while. The peer is the
 * same /status with nothing else to do.
 */
export async function responsiveness(say: (line: string) => void): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  let stack: Stack | undefined;
  try {
    say('Making two catalogues, and training a first model to serve.');
    const { catalogue, encoders } = await makeTrainingMaterials(directory);
    const other = join(directory, 'other');
    await generateSample({ directory: other, productsPerCode: 12, seed: 8 });
    await cp(encoders, join(directory, 'stack/var/encoders'), { recursive: true });
    stack = await startStack(join(directory, 'stack'), ['pipeline', 'training', 'api']);
    await start(stack, 'first', { ...TRAINING, catalogue, text: { epochs: 2 } }).then(resultOf);

    const [token, picture] = [await login(stack), await anyPicture(catalogue)];
    const idle = await statusTimes(stack, wait(10_000));
    say('Training and predicting.');
    const run = await start(stack, 'load', { ...TRAINING, catalogue: other, deploy: false });
    const ended = resultOf(run);
    const [busy, { predicted, failed }] = await Promise.all([
      statusTimes(stack, ended),
      predictAll(stack, token, picture, ended),
      ended,
    ]);
    const { events } = await run.fetchHistory();
    const lost = (events ?? []).filter((event) => event.activityTaskTimedOutEventAttributes).length;
    const retried = (events ?? []).filter(
      (event) => (event.activityTaskStartedEventAttributes?.attempt ?? 1) > 1,
    ).length;

    const p99 = percentile(busy, 0.99);
    const idleP99 = percentile(idle, 0.99);
    const none = (what: string, ours: number): Row => ({
      what,
      unit: '',
      ours,
      peer: null,
      ratio: null,
      target: '0',
      ok: ours === 0,
    });
    return [
      {
        what: `/status p99 (${busy.length} requests) against idle`,
        unit: 'ms',
        ours: p99,
        peer: idleP99,
        ratio: p99 / idleP99,
        target: `under ${TARGET_MS} ms`,
        ok: p99 < TARGET_MS,
      },
      {
        what: '/status p50 against idle',
        unit: 'ms',
        ours: percentile(busy, 0.5),
        peer: percentile(idle, 0.5),
        ratio: percentile(busy, 0.5) / percentile(idle, 0.5),
        target: `under ${TARGET_MS} ms`,
        ok: percentile(busy, 0.5) < TARGET_MS,
      },
      none(`failed predictions of ${predicted + failed}`, failed),
      none('activities that lost their heartbeat or were tried again', lost + retried),
    ];
  } finally {
    await stack?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function start(stack: Stack, workflowId: string, input: TrainAndDeployInput) {
  return stack.client.workflow.start('trainAndDeploy', { workflowId, taskQueue: stack.queue, args: [input] });
}

async function resultOf(run: WorkflowHandle): Promise<unknown> {
  try {
    return await run.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new EtiquetteError('BENCHMARK_RUN_FAILED', `${run.workflowId}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Milliseconds of each /status until something ends. */
async function statusTimes(stack: Stack, until: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let going = true;
  until.then(
    () => {
      going = false;
    },
    () => {
      going = false;
    },
  );
  while (going) {
    const from = performance.now();
    const response = await fetch(`${stack.apiUrl}/status`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`/status answered ${response.status}`);
    times.push(performance.now() - from);
    await wait(STATUS_EVERY_MS);
  }
  return times;
}

/** Clients that predict one product after the other until something ends. */
async function predictAll(stack: Stack, token: string, picture: Uint8Array, until: Promise<unknown>) {
  let going = true;
  let predicted = 0;
  let failed = 0;
  const client = async () => {
    while (going) {
      const form = new FormData();
      for (const field of FIELDS) form.set(field, 'piscine tubulaire');
      form.set('image', new Blob([picture]), 'picture.jpg');
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${stack.apiUrl}/predict`, { method: 'POST', headers, body: form });
      await response.arrayBuffer();
      if (response.ok) predicted++;
      else failed++;
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await until.catch(() => {});
  going = false;
  await Promise.all(clients);
  return { predicted, failed };
}

async function anyPicture(catalogue: string): Promise<Uint8Array> {
  const folder = join(catalogue, CHALLENGE_FILES.images, 'image_test');
  const [name = ''] = await readdir(folder);
  return readFile(join(folder, name));
}

async function login(stack: Stack): Promise<string> {
  const { TEST_USER = '', TEST_USER_PASSWORD = '' } = stack.env;
  const response = await fetch(`${stack.apiUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({ username: TEST_USER, password: TEST_USER_PASSWORD }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
