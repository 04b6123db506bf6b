import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import type { DeployModelResult } from '../../temporal/contracts.ts';
import type { DeployModelInput } from '../../temporal/inputs.ts';
import { productForm } from '../api/support.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { freePort, type Server, startEntry } from '../support/servers.ts';
import { type Stack, startStack } from '../support/stack.ts';

const POOL = 23;
const TOYS = 7;

/** Two API processes with fixture models behind a real server and a real pipeline worker. */
describe('a rollout under requests', function () {
  this.timeout(120_000);
  let directory: string;
  let bundles: string;
  let stack: Stack;
  let apis: { url: string; server: Server }[];
  let champion: string;
  let stop = false;
  let clients: Promise<void>[];
  /** Statuses of every answer, and which bundle gave it. */
  const answers: { status: number; version: string; replica: number }[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-rollout-'));
    bundles = join(directory, 'var', 'bundles');
    const ports = [await freePort(), await freePort()];
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    stack = await startStack(directory, ['pipeline'], { API_REPLICAS: urls.join(',') });
    apis = await Promise.all(
      urls.map(async (url, replica) => {
        const env = { ...stack.env, API_PORT: `${ports[replica]}` };
        const log = join(directory, `api-${replica}.log`);
        return { url, server: await startEntry('test/api/fixture-api.ts', env, log) };
      }),
    );
    champion = await fixtureBundle(bundles, { favourite: POOL });
    await deploy({ version: champion });
    clients = apis.map((_, replica) => client(replica));
  });
  after(async () => {
    stop = true;
    await Promise.all(clients ?? []);
    await Promise.all((apis ?? []).map(({ server }) => server.stop()));
    await stack?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** One request after the other, as long as the tests go. */
  async function client(replica: number): Promise<void> {
    const { url } = apis[replica] as { url: string };
    const login = await fetch(`${url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'tester', password: 'correct horse battery' }),
    });
    const { access_token } = (await login.json()) as { access_token: string };
    while (!stop) {
      const answer = await fetch(`${url}/predict`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${access_token}` },
        body: await productForm(),
      });
      const { bundle_version } = (await answer.json()) as { bundle_version: string };
      answers.push({ status: answer.status, version: bundle_version, replica });
    }
  }

  const deploy = (input: DeployModelInput): Promise<DeployModelResult> =>
    stack.client.workflow.execute('deployModel', {
      workflowId: `deploy-${randomUUID()}`,
      taskQueue: stack.queue,
      args: [{ by: 'a test', ...input }],
    });
  const refusal = (input: DeployModelInput) =>
    deploy(input).then(
      () => assert.fail('the bundle should have gone back'),
      (error: unknown) => {
        assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
        return error.cause;
      },
    );
  /** Which bundles answer from now on: some requests by each process. */
  async function serving(): Promise<Set<string>> {
    const from = answers.length;
    const enough = () =>
      [0, 1].every((one) => answers.slice(from).filter((a) => a.replica === one).length > 5);
    while (!enough()) await new Promise((resolve) => setTimeout(resolve, 10));
    // The first of each may have been asked before.
    const later = [0, 1].flatMap((one) =>
      answers
        .slice(from)
        .filter((a) => a.replica === one)
        .slice(2),
    );
    return new Set(later.map(({ version }) => version));
  }

  const logged = async (words: string) => {
    while (!(await readFile(join(directory, 'pipeline.log'), 'utf8')).includes(words)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('takes back a bundle that cannot be loaded', async () => {
    const version = await fixtureBundle(bundles, { favourite: Number.NaN, golden: TOYS });
    const { type } = await refusal({ version, rollout: { canarySeconds: 2 } });
    assert.equal(type, 'BUNDLE_LOAD_FAILED');
    assert.deepEqual(await serving(), new Set([champion]));
  });

  it('takes back a bundle that answers its golden products otherwise', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS, golden: POOL });
    assert.equal((await refusal({ version })).type, 'BUNDLE_GOLDEN_MISMATCH');
    assert.deepEqual(await serving(), new Set([champion]));
  });

  it('takes back a bundle that dies on requests', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS, behaviour: 'die' });
    const { type, message } = await refusal({ version, rollout: { canarySeconds: 30, share: 0.5 } });
    assert.equal(type, 'BUNDLE_TRIAL_FAILED');
    assert.match(message, /went back: \d+ of \d+ requests failed, and 1 % may/);
    assert.deepEqual(await serving(), new Set([champion]));
  });

  it('takes back a bundle that is slow', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS, behaviour: 'wait 1500' });
    const rollout = { canarySeconds: 60, share: 0.5 };
    const { type, message } = await refusal({ version, rollout });
    assert.equal(type, 'BUNDLE_TRIAL_FAILED');
    assert.match(message, /95th percentile is 1\d\d\d ms, more than 3 times the champion's/);
    assert.deepEqual(await serving(), new Set([champion]));
  });

  it('takes back a shadow that disagrees too often', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    const { message } = await refusal({
      version,
      rollout: { shadowSeconds: 30, share: 1, disagreement: 0.5 },
    });
    assert.match(message, /^deploy: The bundle was tried \(shadow\) and went back: It answered \d+ of \d+/);
    assert.ok(!answers.some((answer) => answer.version === version), 'a shadow answers nobody');
  });

  it('promotes a bundle that does well, in every process, and tells what was seen', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS, behaviour: 'wait 0' });
    const { trials, replaced } = await deploy({
      version,
      rollout: { shadowSeconds: 2, canarySeconds: 2, share: 0.3 },
    });
    assert.equal(replaced, champion);
    assert.deepEqual(
      trials.map(({ kind, failed }) => [kind, failed]),
      [
        ['shadow', 0],
        ['canary', 0],
      ],
    );
    assert.ok(trials.every(({ answered }) => answered > 5));
    assert.deepEqual(await serving(), new Set([version]));
    assert.equal((await deploy({ rollback: true })).version, champion);
    assert.deepEqual(await serving(), new Set([champion]));
    const history = JSON.parse(await readFile(join(directory, 'var', 'deployments.json'), 'utf8'));
    assert.deepEqual(
      history.map((one: { version: string; kind: string }) => [one.version, one.kind]),
      [
        [champion, 'deployment'],
        [version, 'deployment'],
        [champion, 'rollback'],
      ],
    );
  });

  it('cost no client a request', async () => {
    stop = true;
    await Promise.all(clients);
    const failed = answers.filter(({ status }) => status !== 200);
    assert.ok(answers.length > 500, `${answers.length} requests`);
    assert.deepEqual(failed, []);
    console.log(`      ${answers.length} requests, ${failed.length} failed`);
  });

  it('waits for an API process that is away; no other switches before it', async () => {
    const [first, second] = apis as [{ url: string; server: Server }, { url: string; server: Server }];
    const serves = async ({ url }: { url: string }) => {
      const status = (await (await fetch(`${url}/status`)).json()) as { bundle: { version: string } | null };
      return status.bundle?.version;
    };
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await second.server.stop();
    const done = deploy({ version });
    await logged('API_UNREACHABLE');
    assert.equal(await serves(first), champion);
    const env = { ...stack.env, API_PORT: new URL(second.url).port };
    second.server = await startEntry('test/api/fixture-api.ts', env, join(directory, 'api-1.log'));
    await done;
    assert.deepEqual([await serves(first), await serves(second)], [version, version]);
  });
});
