import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createCorrections } from '../../api/database/corrections.ts';
import { openDatabase } from '../../api/database/open.ts';
import { createPredictions } from '../../api/database/predictions.ts';
import { type RunningApi, startApi } from '../../api/start.ts';
import { readConfig } from '../../config.ts';
import { recordDeployment } from '../../models/bundle/deployments.ts';
import { fixtureBundle, fixtureMl } from '../models/serving/fixture-bundle.ts';
import { body, credentials, NO_PIPELINE, PASSWORD, productForm } from './support.ts';

const DEPLOY_TOKEN = 'a deploy token of the tests';

describe('the API on a port', () => {
  let directory: string;
  let api: RunningApi | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-port-'));
  });
  afterEach(async () => {
    await writeFile(join(directory, 'gate'), '');
    await api?.close();
    api = undefined;
    await rm(directory, { recursive: true });
  });

  const bundle = (favourite: number) => fixtureBundle(join(directory, 'bundles'), { favourite });
  const champion = (version: string) =>
    recordDeployment(join(directory, 'deployments.json'), {
      version,
      at: '2025-06-23T12:00:00Z',
      by: 'a test',
      reason: 'a test',
      kind: 'deployment',
    });

  async function start(env: Record<string, string> = {}) {
    const config = readConfig({
      VAR_DIR: directory,
      API_PORT: '0',
      SECRET_KEY: 'a secret of the tests',
      TEST_USER_PASSWORD: PASSWORD,
      STATUS_PER_MINUTE: '0',
      PREDICT_PER_MINUTE: '0',
      INFERENCE_PROCESSES: '1',
      DEPLOY_TOKEN,
      ...env,
    });
    api = await startApi(config, fixtureMl, NO_PIPELINE, pino({ level: 'silent' }));
    const { url } = api;
    const login = await fetch(`${url}/token`, { method: 'POST', body: credentials() });
    const authorization = `Bearer ${(await body(login)).access_token}`;
    return {
      running: api,
      url,
      status: async () => body(await fetch(`${url}/status`)),
      predict: async (designation: string) =>
        fetch(`${url}/predict`, {
          method: 'POST',
          headers: { authorization },
          body: await productForm({ designation }),
        }),
      deploy: (version: string) =>
        fetch(`${url}/internal/deployments`, {
          method: 'POST',
          headers: { authorization: `Bearer ${DEPLOY_TOKEN}` },
          body: JSON.stringify({ version }),
        }),
    };
  }

  type Started = Awaited<ReturnType<typeof start>>;
  async function untilReady({ status }: Started): Promise<Record<string, unknown>> {
    for (;;) {
      const now = await status();
      if (now.ready) return now;
    }
  }

  it('loads the champion of the deployment history by itself', async () => {
    const version = await bundle(23);
    await champion(version);
    const { bundle: serving } = await untilReady(await start());
    assert.equal((serving as { version: string }).version, version);
  });

  it('deploys another bundle while it serves, and answers with it from then on', async () => {
    const service = await start();
    const [first, second] = [await bundle(23), await bundle(7)];
    assert.equal((await service.deploy(first)).status, 200);
    const answer = await body(await service.deploy(second));
    assert.deepEqual([answer.version, answer.replaced], [second, first]);
    const { bundle_version, predictions } = await body(await service.predict('Jouet'));
    assert.equal(bundle_version, second);
    assert.equal((predictions as Array<{ label: string }>)[0]?.label, '1280');
  });

  it('serves a deployment although the champion of the history is gone', async () => {
    await champion('0123456789abcdef');
    const service = await start();
    assert.equal((await service.deploy(await bundle(23))).status, 200);
    assert.equal((await service.predict('Piscine')).status, 200);
  });

  it('answers what it has accepted before it closes, and accepts nothing more', async () => {
    const service = await start();
    await service.deploy(await bundle(23));
    const accepted = service.predict(`wait ${join(directory, 'gate')}`);
    await inFlight(service);
    const closed = service.running.close();
    // A connection of its own: one that is open already may be answered once more.
    const asked = new Promise((resolve, reject) => {
      get(`${service.url}/status`, { agent: false }, resolve).on('error', reject);
    });
    await assert.rejects(asked, { code: 'ECONNREFUSED' });
    await writeFile(join(directory, 'gate'), '');
    assert.equal((await accepted).status, 200);
    await closed;
  });

  it('loses no request of a balancer that asks it whether it is ready', async () => {
    const service = await start({ DRAIN_SECONDS: '1' });
    await service.deploy(await bundle(23));
    const statuses: number[] = [];
    let closed: Promise<void> | undefined;
    while ((await service.status()).ready) {
      statuses.push(
        ...(await Promise.all([1, 2, 3].map(async () => (await service.predict('Piscine')).status))),
      );
      closed ??= service.running.close();
      // What was sent before the balancer asked again.
      statuses.push((await service.predict('Piscine')).status);
    }
    assert.deepEqual(new Set(statuses), new Set([200]));
    await closed;
    api = undefined;
    await assert.rejects(fetch(`${service.url}/status`));
  });

  it('forgets predictions and corrections that were kept long enough, each at its time', async () => {
    const database = await openDatabase({ file: join(directory, 'etiquette.db') });
    try {
      const predictions = createPredictions(database);
      const corrections = createCorrections(database);
      const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3600 * 1000).toISOString();
      for (const [id, days] of [
        ['old', 20],
        ['older', 40],
      ] as const) {
        const prediction = { id, at: daysAgo(days), bundle: 'aaaaaaaaaaaaaaaa', code: 2583, confidence: 0.5 };
        await predictions.record({
          ...{ ...prediction, inputs_hash: id, features: null, codes: null, seconds: null },
        });
        await corrections.put({
          ...{ prediction, at: prediction.at, code: 2583, note: null, by: 'ada', inputsHash: id },
          ...{ designation: 'Piscine', description: '', picture: null },
        });
      }
      await start({ PREDICTIONS_DAYS: '10', CORRECTIONS_DAYS: '30' });
      while (await predictions.find('old'));
      while (await corrections.find('older'));
      assert.equal((await corrections.find('old'))?.prediction, 'old');
    } finally {
      await database.destroy();
    }
  });

  /** A second request waits only when the first one is with the child. */
  async function inFlight({ url, predict }: Started): Promise<void> {
    void predict('Piscine').catch(() => {});
    for (;;) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      if (metrics.includes('etiquette_inference_queue_depth 1')) return;
    }
  }
});
