import { strict as assert } from 'node:assert';
import { inputsHash } from '../../data/inputs-hash.ts';
import { EtiquetteError } from '../../errors.ts';
import { driftFeatures } from '../../models/drift/features.ts';
import { collectKnownWords, openKnownWords } from '../../models/drift/known-words.ts';
import {
  body,
  FIELDS,
  jpeg,
  productForm,
  standInInference,
  standInPredictions,
  testApi,
  VERSION,
} from './support.ts';

describe('POST /predict', () => {
  it('answers the original’s shape, with a prediction id and the bundle’s version beside it', async () => {
    const { predictions, message, prediction_id, bundle_version, ...rest } = await body(
      await (await testApi()).predict(),
    );
    assert.deepEqual(rest, {});
    assert.equal(message, 'Prediction successful');
    assert.deepEqual(predictions, [{ label: '2583', confidence: 0.75, prediction: 23 }]);
    assert.match(
      String(prediction_id),
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    assert.equal(bundle_version, VERSION);
  });

  it('keeps a record of id, time, bundle and answer, and a hash of the product', async () => {
    const predictions = standInPredictions();
    const now = () => new Date('2026-01-02T03:04:05.678Z');
    const { prediction_id } = await body(await (await testApi({ predictions, now })).predict());
    const { designation, description } = FIELDS;
    const [{ seconds, ...record } = { seconds: null }, ...others] = predictions.recorded;
    assert.deepEqual(others, []);
    assert.deepEqual(record, {
      ...{ id: prediction_id, at: '2026-01-02T03:04:05.678Z', bundle: VERSION, code: 2583, confidence: 0.75 },
      inputs_hash: inputsHash({ designation, description, picture: await jpeg() }),
      features: null,
      codes: '[[2583,0.75],[10,0.009615385],[40,0.009615385],[50,0.009615385],[60,0.009615385]]',
    });
    assert.ok(seconds !== null && seconds >= 0 && seconds < 60, `${seconds}`);
  });

  it('keeps nothing where nothing is to be kept, and answers the same', async () => {
    const predictions = standInPredictions();
    const api = await testApi({ predictions, config: { KEEP_PREDICTIONS: 'off' } });
    const { prediction_id, ...answer } = await body(await api.predict());
    assert.deepEqual(predictions.recorded, []);
    const { prediction_id: other, ...usual } = await body(await (await testApi()).predict());
    assert.deepEqual(answer, usual);
    assert.deepEqual([typeof prediction_id, typeof other], ['string', 'string']);
  });

  it('keeps what the stream is watched by, where the bundle has a reference', async () => {
    const predictions = standInPredictions();
    const { predict } = standInInference();
    const features = driftFeatures(
      {
        ...{ product: { designation: 'Piscine', description: '' }, probabilities: [1] },
        ...{ picture: null, textFeatures: null, pictureFeatures: null },
      },
      openKnownWords(await collectKnownWords([])),
    );
    const inference = standInInference({
      predict: async (...asked) => ({ ...(await predict(...asked)), features }),
    });
    await (await testApi({ predictions, inference })).predict();
    const [record] = predictions.recorded;
    assert.deepEqual(JSON.parse(record?.features ?? ''), features);
  });

  it('answers all the same when the record cannot be kept, and logs it', async () => {
    const predictions = {
      ...standInPredictions(),
      record: () => Promise.reject(new Error('the disk is full')),
    };
    const api = await testApi({ predictions });
    assert.equal((await api.predict()).status, 200);
    assert.ok(api.logged.some(({ msg }) => msg === 'predictions could not be recorded'));
  });

  it('hands both texts and the picture’s bytes to the model, unchanged', async () => {
    const inference = standInInference();
    await (await testApi({ inference })).predict();
    const [product] = inference.asked;
    assert.equal(product?.designation, FIELDS.designation);
    assert.equal(product?.description, FIELDS.description);
    assert.deepEqual(Buffer.from(product?.picture ?? []), await jpeg());
  });

  it('takes a token from the query string only where that is allowed, and never logs it', async () => {
    for (const [allowed, status] of [
      [false, 401],
      [true, 200],
    ] as const) {
      const api = await testApi({ config: { ALLOW_QUERY_TOKEN: allowed } });
      const token = await api.token();
      const answer = await api.app.request(`/predict?token=${token}`, {
        method: 'POST',
        body: await productForm(),
      });
      assert.equal(answer.status, status);
      assert.equal(JSON.stringify(api.logged).includes(token), false);
    }
  });

  for (const [what, description] of [
    ['blank', '   '],
    ['of stop words', 'le la les de du des et ou'],
    ['of emoji', '🏊🏖️'],
    ['in Chinese and Arabic', '游泳池 حمام سباحة'],
    ['of 10,000 words', 'piscine '.repeat(10_000)],
    ['of 1.1 MB', 'x'.repeat(1_100_000)],
    ['of 80,000 tags', '<b>'.repeat(80_000)],
  ] as const) {
    it(`accepts a description ${what}`, async () => {
      assert.equal((await (await testApi()).predict(await productForm({ description }))).status, 200);
    });
  }

  it('takes the last of two values of a field, and ignores fields that it does not know', async () => {
    const inference = standInInference();
    const form = await productForm();
    form.append('designation', 'Jouet');
    form.set('colour', 'blue');
    assert.equal((await (await testApi({ inference })).predict(form)).status, 200);
    assert.equal(inference.asked[0]?.designation, 'Jouet');
  });

  const unavailable: ReadonlyArray<[string, string]> = [
    ['NO_MODEL', '10'],
    ['SERVING_BUSY', '1'],
    ['SERVING_TIMEOUT', '5'],
    ['SERVING_UNAVAILABLE', '1'],
    ['SERVING_CLOSED', '1'],
  ];
  for (const [code, retryAfter] of unavailable) {
    it(`answers 503 with Retry-After ${retryAfter} when the service says ${code}`, async () => {
      const inference = standInInference({
        predict: () => Promise.reject(new EtiquetteError(code, 'Later.', { retryable: true })),
      });
      const answer = await (await testApi({ inference })).predict();
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('retry-after'), retryAfter);
      assert.deepEqual(await body(answer), { detail: 'Later.', code });
    });
  }

  it('does not read a body for which there is no place in the queue', async () => {
    const api = await testApi({ inference: standInInference({ waiting: 8 }) });
    const answer = await api.predict();
    assert.deepEqual([answer.status, (await body(answer)).code], [503, 'SERVING_BUSY']);
  });

  it('answers a defect with 500 INTERNAL, tells nothing of it, and logs its stack with the request id', async () => {
    const inference = standInInference({ predict: () => Promise.reject(new TypeError('a secret detail')) });
    const api = await testApi({ inference });
    const answer = await api.predict();
    assert.equal(answer.status, 500);
    assert.deepEqual(await body(answer), { detail: 'Internal Server Error', code: 'INTERNAL' });
    const line = api.logged.find(({ msg }) => msg === 'unexpected error');
    assert.equal(line?.requestId, answer.headers.get('x-request-id'));
    assert.match(JSON.stringify(line?.err), /a secret detail\\n +at /);
  });

  it('answers 500 rather than null when a model says NaN', async () => {
    const nothing = new Float32Array(27).fill(Number.NaN);
    const { predict } = standInInference();
    const inference = standInInference({
      predict: async (product) => ({ ...(await predict(product)), probabilities: nothing }),
    });
    assert.equal((await (await testApi({ inference })).predict()).status, 500);
  });
});
