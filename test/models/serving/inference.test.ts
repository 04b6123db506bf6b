import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { MlProcess, PredictProduct } from '../../../models/runtime/jobs.ts';
import { createInference, type InferenceOptions } from '../../../models/serving/inference.ts';
import { fixtureBundle, fixtureMl } from './fixture-bundle.ts';

const POOL = 23;
const TOYS = 7;

describe('the inference service', () => {
  let directory: string;
  let bundles: string;
  const opened: Array<{ close(): Promise<void> }> = [];
  let children: MlProcess[];
  let batches: number[];
  let restarts: number;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-serving-'));
    bundles = join(directory, 'bundles');
    children = [];
    batches = [];
    restarts = 0;
  });

  afterEach(async () => {
    await writeFile(gate(), '');
    await Promise.all(opened.splice(0).map((service) => service.close()));
    assert.deepEqual(
      children.map(({ pid }) => pid),
      children.map(() => undefined),
      'every child process is gone',
    );
    await rm(directory, { recursive: true });
  });

  const gate = () => join(directory, 'gate');

  function service(options: Partial<InferenceOptions> = {}) {
    const inference = createInference({
      bundles,
      encoders: directory,
      createMl: () => {
        const child = fixtureMl();
        children.push(child);
        return child;
      },
      maxQueue: 8,
      log: pino({ level: 'silent' }),
      onBatch: (size) => batches.push(size),
      onRestart: () => {
        restarts += 1;
      },
      ...options,
    });
    opened.push(inference);
    return inference;
  }

  async function serving(options: Partial<InferenceOptions> = {}) {
    const inference = service(options);
    await inference.deploy(await fixtureBundle(bundles, { favourite: POOL }));
    return inference;
  }

  const product = (designation: string): PredictProduct => ({ designation, description: '', picture: null });
  /** A product that keeps the child busy until the gate is there. */
  const slow = () => product(`wait ${gate()}`);

  describe('before a bundle is deployed', () => {
    it('answers NO_MODEL, and that a later try can help', async () => {
      const inference = service();
      assert.equal(inference.current(), null);
      await assert.rejects(inference.predict(product('Piscine')), { code: 'NO_MODEL', retryable: true });
    });
  });

  describe('deploying', () => {
    it('answers with the deployed bundle and says which it is', async () => {
      const inference = service();
      const version = await fixtureBundle(bundles, { favourite: POOL });
      assert.deepEqual(await inference.deploy(version), { version, replaced: null });
      const prediction = await inference.predict(product('Piscine'));
      assert.equal(prediction.version, version);
      assert.equal(prediction.probabilities.indexOf(Math.max(...prediction.probabilities)), POOL);
      assert.equal(prediction.labels[POOL], 2583);
      assert.equal(inference.current()?.version, version);
    });

    it('is done at once for the bundle that serves already', async () => {
      const inference = await serving();
      const version = inference.current()?.version ?? '';
      assert.deepEqual(await inference.deploy(version), { version, replaced: version });
      assert.equal(children.length, 1);
    });

    it('loses no request: those in flight are answered by the old bundle, later ones by the new', async () => {
      const inference = await serving();
      const before = inference.current()?.version;
      const inFlight = inference.predict(slow());
      const after = await fixtureBundle(bundles, { favourite: TOYS });
      assert.deepEqual(await inference.deploy(after), { version: after, replaced: before });
      assert.equal((await inference.predict(product('Jouet'))).version, after);
      await writeFile(gate(), '');
      assert.equal((await inFlight).version, before);
    });

    it('switches under load without an error', async () => {
      const inference = await serving();
      const versions = new Set<string>();
      let stop = false;
      const client = async () => {
        while (!stop) versions.add((await inference.predict(product('Piscine'))).version);
      };
      const clients = [client(), client(), client()];
      const after = await fixtureBundle(bundles, { favourite: TOYS });
      await inference.deploy(after);
      while (!versions.has(after)) await inference.predict(product('Jouet'));
      stop = true;
      await Promise.all(clients);
      assert.equal(versions.size, 2);
    });

    it('runs one deployment after the other; the last call wins', async () => {
      const inference = service();
      const first = await fixtureBundle(bundles, { favourite: POOL });
      const second = await fixtureBundle(bundles, { favourite: TOYS });
      const answers = await Promise.all([inference.deploy(first), inference.deploy(second)]);
      assert.deepEqual(answers, [
        { version: first, replaced: null },
        { version: second, replaced: first },
      ]);
    });

    it('restores nothing over a bundle that serves', async () => {
      const inference = await serving();
      const version = inference.current()?.version;
      await inference.restore(await fixtureBundle(bundles, { favourite: TOYS }));
      assert.equal(inference.current()?.version, version);
    });

    it('activates only what was prepared', async () => {
      const inference = service();
      const version = await fixtureBundle(bundles, { favourite: POOL });
      await assert.rejects(inference.activate(version), { code: 'BUNDLE_NOT_PREPARED' });
      await inference.prepare(version);
      assert.equal(inference.current(), null);
      assert.deepEqual(await inference.activate(version), { version, replaced: null });
    });
  });

  describe('the queue', () => {
    it('answers in one batch what waits while the child is busy', async () => {
      const inference = await serving({ maxBatch: 4 });
      const first = inference.predict(slow());
      const rest = Array.from({ length: 6 }, () => inference.predict(product('Piscine')));
      assert.equal(inference.waiting, 6);
      await writeFile(gate(), '');
      await Promise.all([first, ...rest]);
      assert.deepEqual(batches, [1, 4, 2]);
    });

    it('refuses one more than it holds with SERVING_BUSY', async () => {
      const inference = await serving({ maxQueue: 2 });
      const accepted = [slow(), product('a'), product('b')].map((one) => inference.predict(one));
      await assert.rejects(inference.predict(product('c')), { code: 'SERVING_BUSY', retryable: true });
      await writeFile(gate(), '');
      assert.equal((await Promise.all(accepted)).length, 3);
    });

    it('gives up at the deadline, and serves again although the child hung', async () => {
      const inference = await serving({ deadlineMs: 300 });
      await assert.rejects(inference.predict(product('hang')), { code: 'SERVING_TIMEOUT', retryable: true });
      const again = async (): Promise<string> =>
        inference.predict(product('Piscine')).then(
          ({ version }) => version,
          (error: { code: string }) => {
            assert.equal(error.code, 'SERVING_TIMEOUT');
            return again();
          },
        );
      assert.equal(await again(), inference.current()?.version);
    });

    it('forgets a request whose client is gone', async () => {
      const inference = await serving();
      const first = inference.predict(slow());
      const client = new AbortController();
      const second = inference.predict(product('Piscine'), { signal: client.signal });
      client.abort(new Error('gone'));
      await assert.rejects(second, { message: 'gone' });
      assert.equal(inference.waiting, 0);
      await writeFile(gate(), '');
      await first;
      assert.deepEqual(batches, [1]);
    });
  });

  describe('a child that dies', () => {
    it('is replaced, and its request is answered by the next one', async () => {
      const inference = await serving();
      const { version } = await inference.predict(product(`die-once ${join(directory, 'died')}`));
      assert.equal(version, inference.current()?.version);
      assert.equal(restarts, 1);
    });

    it('is replaced when it was killed between two requests', async () => {
      const inference = await serving();
      process.kill(children[0]!.pid!, 'SIGKILL');
      await inference.predict(product('Piscine'));
      await inference.predict(product('Piscine'));
      assert.equal(restarts, 1);
    });

    it('costs only the request that kills it a second time; the others of its batch are answered', async () => {
      const inference = await serving();
      const first = inference.predict(slow());
      const batch = [product('Piscine'), product('die'), product('Jouet')].map((one) =>
        inference.predict(one),
      );
      await writeFile(gate(), '');
      await first;
      const outcomes = await Promise.allSettled(batch);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : outcome.status)),
        ['fulfilled', 'SERVING_UNAVAILABLE', 'fulfilled'],
      );
    });

    it('is not started over and over when its bundle is gone', async () => {
      const inference = await serving();
      await rm(join(bundles, inference.current()?.version ?? ''), { recursive: true });
      process.kill(children[0]!.pid!, 'SIGKILL');
      for (let request = 0; request < 10; request += 1) {
        await assert.rejects(inference.predict(product('Piscine')), { code: 'SERVING_UNAVAILABLE' });
      }
      assert.ok(children.length <= 3, `${children.length - 1} starts for 10 requests`);
    });
  });

  it('passes a defect on as it is: it is no overload', async () => {
    const inference = await serving();
    await assert.rejects(inference.predict(product('fail')), { code: 'ML_JOB_FAILED' });
    assert.equal(restarts, 0);
  });

  describe('closing', () => {
    it('answers what it accepted and refuses the rest', async () => {
      const inference = await serving();
      const accepted = [inference.predict(slow()), inference.predict(product('Piscine'))];
      const closed = inference.close();
      await assert.rejects(inference.predict(product('Piscine')), {
        code: 'SERVING_CLOSED',
        retryable: true,
      });
      await writeFile(gate(), '');
      await closed;
      assert.equal((await Promise.all(accepted)).length, 2);
    });
  });
});
