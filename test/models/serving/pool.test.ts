import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Jobs, MlProcess, PredictProduct } from '../../../models/runtime/jobs.ts';
import { createInference, type InferenceOptions } from '../../../models/serving/inference.ts';
import { fixtureBundle, fixtureMl, GOLDEN } from './fixture-bundle.ts';

const POOL = 23;

describe('a pool of inference processes', () => {
  let directory: string;
  let bundles: string;
  let children: Array<MlProcess & { readonly asked: string[] }>;
  let batches: number[];
  let counts: { restarts: number; recycles: number; waits: number };
  const opened: Array<{ close(): Promise<void> }> = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-pool-'));
    bundles = join(directory, 'bundles');
    [children, batches, counts] = [[], [], { restarts: 0, recycles: 0, waits: 0 }];
  });

  afterEach(async () => {
    await writeFile(gate(), '');
    await Promise.all(opened.splice(0).map((service) => service.close()));
    assert.ok(
      children.every(({ pid }) => pid === undefined),
      'every child process is gone',
    );
    await rm(directory, { recursive: true, force: true });
  });

  const gate = () => join(directory, 'gate');

  /** A child that remembers what it was asked. */
  function rememberingMl(): MlProcess {
    const ml = fixtureMl();
    const asked: string[] = [];
    const child: (typeof children)[number] = {
      asked,
      get pid() {
        return ml.pid;
      },
      exited: ml.exited,
      close: ml.close,
      run(job, input, options) {
        if (job === 'predict') {
          const { products } = input as Jobs['predict']['input'];
          asked.push(...products.map(({ designation }) => designation));
        } else asked.push(job);
        return ml.run(job, input, options);
      },
    };
    children.push(child);
    return child;
  }

  async function serving(options: Partial<InferenceOptions> = {}) {
    const inference = createInference({
      ...{ bundles, encoders: directory, createMl: rememberingMl, processes: 2, maxQueue: 32 },
      log: pino({ level: 'silent' }),
      onBatch: (size) => batches.push(size),
      onWait: () => {
        counts.waits += 1;
      },
      onRestart: () => {
        counts.restarts += 1;
      },
      onRecycle: () => {
        counts.recycles += 1;
      },
      ...options,
    });
    opened.push(inference);
    await inference.deploy(await fixtureBundle(bundles, { favourite: POOL }));
    return inference;
  }

  const product = (designation: string): PredictProduct => ({ designation, description: '', picture: null });
  /** A product that keeps a child busy until the gate is there. */
  const slow = () => product(`wait ${gate()}`);
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('serves when every one of them has answered the golden products', async () => {
    const inference = await serving();
    assert.deepEqual(inference.processes, { ready: 2, wanted: 2 });
    assert.deepEqual(
      children.map(({ asked }) => asked),
      [
        ['loadBundle', GOLDEN],
        ['loadBundle', GOLDEN],
      ],
    );
  });

  it('is not there when one of them fails, and leaves none behind', async () => {
    const inference = await serving();
    const before = inference.current()?.version;
    let started = 0;
    const broken = createInference({
      ...{ bundles, encoders: directory, processes: 2, maxQueue: 1, log: pino({ level: 'silent' }) },
      createMl() {
        const ml = rememberingMl();
        started += 1;
        if (started === 1) return ml;
        return { ...ml, run: () => Promise.reject(new Error('no memory is left')), close: ml.close };
      },
    });
    await assert.rejects(broken.deploy(before ?? ''), { code: 'BUNDLE_LOAD_FAILED' });
    assert.equal(broken.current(), null);
    assert.ok(children.slice(2).every(({ pid }) => pid === undefined));
  });

  describe('batches', () => {
    it('are not waited for: a request alone goes at once, the next one to another process', async () => {
      const inference = await serving();
      const [first, second, third] = [slow(), slow(), product('Piscine')].map((one) =>
        inference.predict(one),
      );
      assert.equal(inference.waiting, 1);
      assert.deepEqual(
        children.map(({ asked }) => asked.length),
        [3, 3],
      );
      await writeFile(gate(), '');
      await Promise.all([first, second, third]);
      assert.equal(counts.waits, 3);
    });

    it('are spread: each process takes its share of what waits', async () => {
      const inference = await serving();
      const busy = [slow(), slow()].map((one) => inference.predict(one));
      const rest = Array.from({ length: 6 }, () => inference.predict(product('Piscine')));
      await writeFile(gate(), '');
      await Promise.all([...busy, ...rest]);
      assert.deepEqual(batches.toSorted(), [1, 1, 1, 2, 3]);
    });

    it('wait for more only while batches have company', async () => {
      const inference = await serving({ processes: 1, maxBatch: 2, batchWaitMs: 1e6, deadlineMs: 1e7 });
      const ask = () => inference.predict(product('Piscine'));
      await ask();
      const first = inference.predict(slow());
      const pair = [ask(), ask()];
      await writeFile(gate(), '');
      await Promise.all([first, ...pair]);
      const patient = ask();
      assert.equal(inference.waiting, 1);
      await Promise.all([patient, ask()]);
      assert.deepEqual(batches, [1, 1, 2, 2]);
    });
  });

  it('does not compute what nobody waits for any more', async () => {
    const inference = await serving();
    const busy = [slow(), slow()].map((one) => inference.predict(one));
    const client = new AbortController();
    const gone = inference.predict(product('Jouet'), { signal: client.signal });
    client.abort(new Error('gone'));
    await assert.rejects(gone, { message: 'gone' });
    await writeFile(gate(), '');
    await Promise.all(busy);
    await inference.predict(product('Piscine'));
    assert.ok(!children.flatMap(({ asked }) => asked).includes('Jouet'));
  });

  describe('one that is lost', () => {
    it('costs no request: the others go on, also when it cannot be replaced', async () => {
      const inference = await serving();
      await rm(join(bundles, inference.current()?.version ?? ''), { recursive: true });
      process.kill(children[0]!.pid!, 'SIGKILL');
      await Promise.all(Array.from({ length: 20 }, () => inference.predict(product('Piscine'))));
      await until(() => counts.restarts === 1);
      assert.deepEqual(inference.processes, { ready: 1, wanted: 2 });
    });

    it('is replaced before anybody asks, by one that has answered the golden products', async () => {
      const inference = await serving();
      process.kill(children[0]!.pid!, 'SIGKILL');
      await until(() => children.length === 3 && inference.processes.ready === 2);
      assert.deepEqual(children[2]?.asked, ['loadBundle', GOLDEN]);
      assert.equal(counts.restarts, 1);
    });

    it('has its request answered by another one when it hangs, within the deadline', async () => {
      const inference = await serving({ deadlineMs: 8_000 });
      const hung = inference.predict(product(`hang-once ${join(directory, 'hung')}`));
      await until(() => existsSync(join(directory, 'hung')));
      await Promise.all(Array.from({ length: 20 }, () => inference.predict(product('Piscine'))));
      assert.equal(counts.restarts, 0);
      assert.equal((await hung).labels[POOL], 2583);
      assert.equal(counts.restarts, 1);
    });

    it('takes no other down when one request kills whatever gets it', async () => {
      const inference = await serving();
      const busy = [slow(), slow()].map((one) => inference.predict(one));
      const mixed = [product('Piscine'), product('die'), product('Jouet'), product('Livre')].map((one) =>
        inference.predict(one),
      );
      await writeFile(gate(), '');
      await Promise.all(busy);
      const codes = (await Promise.allSettled(mixed)).map((one) =>
        one.status === 'rejected' ? one.reason.code : one.status,
      );
      assert.deepEqual(codes, ['fulfilled', 'SERVING_UNAVAILABLE', 'fulfilled', 'fulfilled']);
      assert.equal(counts.restarts, 2);
    });
  });

  describe('one that has grown', () => {
    it('is replaced by one that is warm, and no request and no capacity is lost', async () => {
      const inference = await serving({ growthMb: 1_000 });
      await inference.predict(product('grow'));
      while (counts.recycles === 0) {
        await Promise.all([inference.predict(product('Piscine')), inference.predict(product('Jouet'))]);
        assert.ok(inference.processes.ready >= 2, 'it serves until the other one does');
      }
      assert.deepEqual(inference.processes, { ready: 2, wanted: 2 });
      assert.deepEqual(children[2]?.asked.slice(0, 2), ['loadBundle', GOLDEN]);
      const grown = children.find(({ asked }) => asked.includes('grow')) ?? assert.fail();
      await until(() => grown.pid === undefined);
      assert.deepEqual([children.length, counts.restarts], [3, 0]);
    });

    it('ends what it does first', async () => {
      const inference = await serving({ processes: 1, growthMb: 1_000 });
      await inference.predict(product('grow'));
      const last = inference.predict(slow());
      await until(() => counts.recycles === 1);
      await inference.predict(product('Piscine'));
      assert.ok(children[0]?.pid, 'the old one is still at work');
      await writeFile(gate(), '');
      assert.equal((await last).labels[POOL], 2583);
    });
  });
});
