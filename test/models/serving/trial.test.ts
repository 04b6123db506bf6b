import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { MlProcess, PredictProduct } from '../../../models/runtime/jobs.ts';
import { createInference, type InferenceService } from '../../../models/serving/inference.ts';
import type { TrialPlan, TrialState } from '../../../models/serving/trial.ts';
import { fixtureBundle, fixtureMl } from './fixture-bundle.ts';

const POOL = 23;
const TOYS = 7;

describe('a bundle on trial', () => {
  let directory: string;
  let bundles: string;
  let inference: InferenceService;
  let children: MlProcess[];
  let champion: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-trial-'));
    bundles = join(directory, 'bundles');
    children = [];
    inference = createInference({
      bundles,
      encoders: directory,
      createMl: () => {
        const child = fixtureMl();
        children.push(child);
        return child;
      },
      maxQueue: 64,
      log: pino({ level: 'silent' }),
    });
    champion = await fixtureBundle(bundles, { favourite: POOL });
    await inference.deploy(champion);
  });
  afterEach(async () => {
    await inference.close();
    assert.ok(
      children.every(({ pid }) => pid === undefined),
      'every child process is gone',
    );
    await rm(directory, { recursive: true });
  });

  const product: PredictProduct = { designation: 'Piscine', description: '', picture: null };
  const plan = (version: string, more: Partial<TrialPlan> = {}): TrialPlan => ({
    ...{ version, kind: 'canary', share: 0.25, seconds: 60 },
    ...more,
  });
  const state = (): TrialState => inference.trial() ?? assert.fail('no trial goes on');
  /** Which bundle answered each of `count` requests, their draws spread evenly. */
  const answers = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        inference.predict(product, { draw: n / count }).then(({ version }) => version),
      ),
    );
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('as canary answers its share of the requests, and no other', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.try(plan(version));
    const given = await answers(40);
    assert.deepEqual(
      given,
      given.map((_, n) => (n < 10 ? version : champion)),
    );
    const { answered, failed, milliseconds, championMilliseconds } = state();
    assert.deepEqual([answered, failed], [10, 0]);
    assert.ok(milliseconds && championMilliseconds);
    assert.equal(inference.current()?.version, champion);
  });

  it('as shadow gives no answer, and counts where it would have answered otherwise', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.try(plan(version, { kind: 'shadow', share: 0.5 }));
    assert.deepEqual(new Set(await answers(20)), new Set([champion]));
    await until(() => state().answered === 10);
    assert.equal(state().disagreed, 10);
    const same = await fixtureBundle(bundles, { favourite: POOL, behaviour: 'wait 1' });
    await inference.try(plan(same, { kind: 'shadow', share: 1 }));
    await answers(5);
    await until(() => state().answered === 5);
    assert.equal(state().disagreed, 0);
  });

  it('that dies costs no request: the champion answers, and soon nobody is made to wait for it', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS, behaviour: 'die' });
    await inference.try(plan(version, { share: 1 }));
    for (let n = 0; n < 5; n += 1) {
      assert.equal((await inference.predict(product, { draw: 0 })).version, champion);
    }
    assert.deepEqual([state().answered, state().failed], [0, 3]);
  });

  it('that is slow is seen to be', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS, behaviour: 'wait 300' });
    await inference.try(plan(version));
    await answers(8);
    assert.ok((state().milliseconds ?? 0) >= 300, `${state().milliseconds} ms`);
  });

  it('goes on when it is asked for again, with what it has seen', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.try(plan(version, { share: 1 }));
    await answers(3);
    assert.equal((await inference.try(plan(version, { share: 1 }))).answered, 3);
  });

  it('serves when it is activated, in the process that was tried', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.try(plan(version));
    assert.deepEqual(await inference.deploy(version), { version, replaced: champion });
    assert.equal(inference.trial(), null);
    assert.equal(children.length, 2);
    assert.deepEqual(new Set(await answers(4)), new Set([version]));
  });

  it('is gone with its process when the trial is ended; the champion serves on', async () => {
    await inference.try(plan(await fixtureBundle(bundles, { favourite: TOYS })));
    const inFlight = answers(8);
    await inference.endTrial();
    await inFlight;
    assert.equal(inference.trial(), null);
    assert.equal(children[1]?.pid, undefined);
    assert.deepEqual(new Set(await answers(4)), new Set([champion]));
  });

  it('ends by itself when nobody ends it', async () => {
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.try(plan(version, { seconds: 0.05 }));
    await until(() => inference.trial() === null);
    assert.deepEqual(new Set(await answers(4)), new Set([champion]));
  });

  it('is refused when its bundle is at fault, or nothing serves to compare with', async () => {
    const wrong = await fixtureBundle(bundles, { favourite: TOYS, golden: POOL });
    await assert.rejects(inference.try(plan(wrong)), { code: 'BUNDLE_GOLDEN_MISMATCH' });
    assert.equal(inference.trial(), null);
    const empty = createInference({
      ...{ bundles, encoders: directory, createMl: fixtureMl, maxQueue: 1, log: pino({ level: 'silent' }) },
    });
    await assert.rejects(empty.try(plan(champion)), { code: 'NO_MODEL' });
    await empty.close();
  });

  it('passes a product’s own problem on, and does not count it', async () => {
    await inference.try(plan(await fixtureBundle(bundles, { favourite: TOYS }), { share: 1 }));
    const broken = { ...product, picture: Buffer.from('no picture') };
    await assert.rejects(inference.predict(broken, { draw: 0 }), { code: 'PICTURE_FORMAT_UNSUPPORTED' });
    assert.equal(state().failed, 0);
  });
});
