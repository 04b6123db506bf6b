import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { PredictProduct } from '../../../models/runtime/jobs.ts';
import { contentKey, createAnswers } from '../../../models/serving/answers.ts';
import { createInference, type InferenceService } from '../../../models/serving/inference.ts';
import { FEATURES, fixtureBundle, fixtureMl } from './fixture-bundle.ts';

const POOL = 23;
const TOYS = 7;

const product = (
  designation: string,
  description = '',
  picture: Uint8Array | null = null,
): PredictProduct => ({
  designation,
  description,
  picture,
});

describe('kept answers', () => {
  let directory: string;
  let bundles: string;
  let inference: InferenceService;
  let asked: number;
  let cache: { hits: number; misses: number };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-answers-'));
    bundles = join(directory, 'bundles');
    inference = createInference({
      ...{ bundles, encoders: directory, createMl: fixtureMl, maxQueue: 8, cachedAnswers: 2 },
      log: pino({ level: 'silent' }),
      onBatch: (size) => {
        asked += size;
      },
      onCache: (hit) => {
        cache[hit ? 'hits' : 'misses'] += 1;
      },
    });
  });
  beforeEach(async () => {
    await inference.deploy(await fixtureBundle(bundles, { favourite: POOL, behaviour: `wait ${next++}` }));
    [asked, cache] = [0, { hits: 0, misses: 0 }];
  });
  after(async () => {
    await inference.close();
    await rm(directory, { recursive: true });
  });
  /** Each test has a bundle of its own. */
  let next = 0;

  it('are given again for the same product, without asking a process', async () => {
    const { served, ...first } = await inference.predict(
      product('Piscine', 'ronde', Buffer.from(JPEG, 'base64')),
    );
    assert.ok(served);
    const again = await inference.predict(product('Piscine', 'ronde', Buffer.from(JPEG, 'base64')));
    assert.deepEqual(again, first);
    assert.equal(asked, 1);
    assert.deepEqual(cache, { hits: 1, misses: 1 });
  });

  it('are those of the bundle that serves', async () => {
    await inference.predict(product('Piscine'));
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.deploy(version);
    const { probabilities, ...prediction } = await inference.predict(product('Piscine'));
    assert.equal(prediction.version, version);
    assert.equal(probabilities.indexOf(Math.max(...probabilities)), TOYS);
  });

  it('are no more than are wanted: the one that was not asked for the longest goes', async () => {
    for (const name of ['a', 'b', 'a', 'c']) await inference.predict(product(name));
    assert.deepEqual([asked, cache.hits], [3, 1]);
    await inference.predict(product('a'));
    assert.equal(asked, 3);
    await inference.predict(product('b'));
    assert.equal(asked, 4);
  });

  it('are kept with what the stream is watched by: one that is given again is watched again', async () => {
    for (const _ of [1, 2]) {
      assert.deepEqual((await inference.predict(product('watched'))).features, FEATURES);
    }
    assert.equal(asked, 1);
    assert.equal((await inference.predict(product('Piscine'))).features, null);
  });

  it('are not kept of a product that has a problem', async () => {
    const broken = product('Piscine', '', Buffer.from('no picture'));
    for (const _ of [1, 2]) {
      await assert.rejects(inference.predict(broken), { code: 'PICTURE_FORMAT_UNSUPPORTED' });
    }
    assert.equal(asked, 2);
  });

  it('have no part in a trial: whom the canary is to answer, it answers', async () => {
    await inference.predict(product('Piscine'));
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.try({ version, kind: 'canary', share: 0.5, seconds: 60 });
    assert.equal((await inference.predict(product('Piscine'), { draw: 0.1 })).version, version);
    const champion = inference.current()?.version;
    assert.equal((await inference.predict(product('Piscine'), { draw: 0.9 })).version, champion);
    assert.equal(asked, 3);
    await inference.endTrial();
    assert.equal((await inference.predict(product('Piscine'))).version, champion);
    assert.equal(asked, 3);
  });
});

describe('answers that nobody watches', () => {
  it('come without what the stream would be watched by', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'etiquette-unwatched-'));
    const bundles = join(directory, 'bundles');
    const inference = createInference({
      ...{ bundles, encoders: directory, createMl: fixtureMl, maxQueue: 8, watched: false },
      log: pino({ level: 'silent' }),
    });
    try {
      await inference.deploy(await fixtureBundle(bundles, { favourite: POOL }));
      assert.equal((await inference.predict(product('watched'))).features, null);
    } finally {
      await inference.close();
      await rm(directory, { recursive: true });
    }
  });
});

describe('an answer that is kept', () => {
  const row = new Float32Array(27);
  const answer = { version: 'one', labels: [1], probabilities: row, text: row, image: null, features: null };

  it('holds no more memory than its own', () => {
    const message = new Float32Array(100_000);
    const answers = createAnswers(1);
    answers.add('key', { ...answer, probabilities: message.subarray(0, 27) });
    assert.equal(answers.get('one', 'key')?.probabilities.buffer.byteLength, 27 * 4);
  });

  it('is found by its bundle and key alone', () => {
    const answers = createAnswers(1);
    answers.add('key', answer);
    assert.equal(answers.get('two', 'key'), null);
    assert.equal(answers.get('one', 'other'), null);
    assert.deepEqual(answers.get('one', 'key'), answer);
  });
});

describe('the key of a product', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);

  it('is that of its content, and of nothing else', () => {
    const one = product('Piscine', 'ronde', bytes(1, 2));
    assert.equal(contentKey(one), contentKey(product('Piscine', 'ronde', Buffer.from([1, 2]))));
  });

  for (const [what, left, right] of [
    ['where its parts begin', product('ab', 'c'), product('a', 'bc')],
    ['a part that looks like the next one', product('a1 b', ''), product('a', 'b')],
    ['a picture that is empty from none', product('a', 'b', bytes()), product('a', 'b')],
    ['its picture', product('a', 'b', bytes(1)), product('a', 'b', bytes(2))],
    ['its letters’ case', product('A'), product('a')],
  ] as const) {
    it(`tells ${what} apart`, () => assert.notEqual(contentKey(left), contentKey(right)));
  }
});

/** One grey pixel. */
const JPEG =
  '/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q==';
