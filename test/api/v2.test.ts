import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import {
  body,
  jpeg,
  standInInference,
  standInPredictions,
  type TestApi,
  testApi,
  VERSION,
} from './support.ts';

type Tensor = { name: string; shape: number[]; datatype: string; data: Array<string | number> };

const MODEL = '/v2/models/etiquette';
const text = (name: string, ...data: string[]) => ({ name, shape: [data.length], datatype: 'BYTES', data });
const outputs = async (answer: Response): Promise<Record<string, Tensor>> => {
  const found = (await body(answer)).outputs as Tensor[];
  return Object.fromEntries(found.map((tensor) => [tensor.name, tensor]));
};

describe('the Open Inference Protocol', () => {
  let api: TestApi;
  const empty = () => testApi({ inference: standInInference({ current: () => null }) });
  before(async () => {
    api = await testApi({ config: { STATUS_PER_MINUTE: 0 } });
  });
  const get = async (path: string, { app, token } = api) =>
    app.request(path, { headers: { Authorization: `Bearer ${await token()}` } });

  describe('health', () => {
    for (const path of [
      '/v2/health/live',
      '/v2/health/ready',
      `${MODEL}/ready`,
      `${MODEL}/versions/${VERSION}/ready`,
    ]) {
      it(`asks for no token: GET ${path}`, async () => {
        assert.equal((await api.app.request(path)).status, 200);
      });
    }

    it('lives, and is not ready, while nothing serves', async () => {
      const { app } = await empty();
      assert.deepEqual(await body(await app.request('/v2/health/live')), { live: true });
      const ready = await app.request('/v2/health/ready');
      assert.deepEqual([ready.status, (await body(ready)).ready], [503, false]);
      const model = await app.request(`${MODEL}/ready`);
      assert.deepEqual([model.status, await body(model)], [503, { name: 'etiquette', ready: false }]);
    });
  });

  describe('metadata', () => {
    it('names server and model, with the version that serves and every tensor', async () => {
      assert.deepEqual(await body(await api.app.request('/v2')), {
        name: 'etiquette',
        version: '0.0.0',
        extensions: [],
      });
      const { inputs, outputs, ...model } = await body(await get(MODEL));
      assert.deepEqual(model, { name: 'etiquette', versions: [VERSION], platform: 'etiquette_lstm-vgg16' });
      assert.deepEqual(inputs, [
        { name: 'designation', datatype: 'BYTES', shape: [-1] },
        { name: 'description', datatype: 'BYTES', shape: [-1] },
        { name: 'image', datatype: 'BYTES', shape: [-1] },
      ]);
      const probabilities = (outputs as Array<{ name: string; parameters?: { labels: string } }>).find(
        ({ name }) => name === 'probabilities',
      );
      assert.equal(probabilities?.parameters?.labels.split(',')[23], '2583');
    });

    it('is for those with a token', async () => {
      const answer = await api.app.request(MODEL);
      assert.equal(answer.status, 401);
      assert.match(String((await body(answer)).error), /token/);
    });

    it('knows no other model and no other version', async () => {
      for (const path of ['/v2/models/other', `${MODEL}/versions/ffff`, '/v2/models/other/ready']) {
        const answer = await get(path);
        assert.equal(answer.status, 404, path);
        const { error, code } = await body(answer);
        assert.deepEqual([typeof error, code], ['string', 'MODEL_UNKNOWN']);
      }
      assert.equal((await body(await get('/v2/nothing'))).error, 'Not Found');
    });
  });

  describe('infer', () => {
    it('answers every tensor, row by row, with the id that came', async () => {
      const inference = standInInference();
      const predictions = standInPredictions();
      const { send } = await testApi({ inference, predictions });
      const image = await jpeg();
      const answer = await send(`${MODEL}/infer`, {
        id: '42',
        parameters: { anything: true },
        inputs: [
          text('designation', 'Piscine', '', 'Livre'),
          {
            ...text('image', '', image.toString('base64'), ''),
            shape: [3, 1],
            parameters: { content_type: 'str' },
          },
        ],
      });
      assert.equal(answer.status, 200);
      const { model_name, model_version, id, outputs } = await body(answer);
      assert.deepEqual([model_name, model_version, id], ['etiquette', VERSION, '42']);
      const tensors = Object.fromEntries((outputs as Tensor[]).map((tensor) => [tensor.name, tensor]));
      assert.deepEqual(tensors.label, {
        name: 'label',
        shape: [3],
        datatype: 'INT64',
        data: [2583, 2583, 2583],
      });
      assert.deepEqual(tensors.confidence?.data, [0.75, 0.75, 0.75]);
      assert.deepEqual([tensors.probabilities?.shape, tensors.probabilities?.data.length], [[3, 27], 81]);
      assert.equal(tensors.probabilities?.data[27 + 23], 0.75);
      assert.deepEqual(
        tensors.prediction_id?.data,
        predictions.recorded.map((one) => one.id),
      );
      assert.deepEqual(
        inference.asked.map(({ designation, picture }) => [designation, picture?.length]),
        [
          ['Piscine', undefined],
          ['', image.length],
          ['Livre', undefined],
        ],
      );
    });

    it('answers the tensors that are asked for, in that order', async () => {
      const answer = await api.send(`${MODEL}/infer`, {
        inputs: [text('designation', 'Piscine')],
        outputs: [{ name: 'confidence' }, { name: 'label' }],
      });
      const { id, outputs } = await body(answer);
      assert.equal(id, undefined);
      assert.deepEqual(
        (outputs as Tensor[]).map(({ name }) => name),
        ['confidence', 'label'],
      );
    });

    it('takes data in rows of one, as other servers’ clients nest it', async () => {
      const inference = standInInference();
      const { send } = await testApi({ inference });
      const tensor = {
        name: 'description',
        shape: [2, 1],
        datatype: 'BYTES',
        data: [['Piscine'], ['Livre']],
      };
      const answer = await outputs(await send(`${MODEL}/infer`, { inputs: [tensor] }));
      assert.deepEqual(answer.label?.shape, [2]);
      assert.deepEqual(
        inference.asked.map(({ description }) => description),
        ['Piscine', 'Livre'],
      );
    });

    it('asks the champion itself when its version is named, and no bundle on trial', async () => {
      const draws: Array<number | undefined> = [];
      const { predict } = standInInference();
      const inference = standInInference({
        predict: (product, options) => {
          draws.push(options?.draw);
          return predict(product);
        },
      });
      const { send } = await testApi({ inference });
      const inputs = [text('designation', 'Piscine', 'Livre')];
      assert.equal((await send(`${MODEL}/versions/${VERSION}/infer`, { inputs })).status, 200);
      assert.deepEqual(draws, [1, 1]);
      await send(`${MODEL}/infer`, { inputs });
      assert.equal(draws[2], draws[3]);
      assert.ok((draws[2] as number) < 1);
    });

    const one = text('designation', 'Piscine');
    for (const [what, request] of [
      ['nothing', {}],
      ['no tensor', { inputs: [] }],
      ['an unknown input', { inputs: [text('title', 'Piscine')] }],
      ['an unknown output', { inputs: [one], outputs: [{ name: 'logits' }] }],
      ['numbers', { inputs: [{ ...one, datatype: 'FP32', data: [1] }] }],
      ['a tensor twice', { inputs: [one, one] }],
      ['a shape that its data does not fill', { inputs: [{ ...one, shape: [2] }] }],
      ['tensors of different lengths', { inputs: [one, text('description', 'a', 'b')] }],
      ['two columns', { inputs: [{ ...one, shape: [1, 2], data: ['a', 'b'] }] }],
      ['33 rows', { inputs: [text('designation', ...Array(33).fill('Piscine'))] }],
      ['a row of nothing', { inputs: [text('designation', 'Piscine', '')] }],
      ['what is no base64', { inputs: [text('image', 'data:image/png;base64,AAAA')] }],
    ] as const) {
      it(`refuses ${what}, in the protocol’s words`, async () => {
        const answer = await api.send(`${MODEL}/infer`, request);
        const { error, code, detail } = await body(answer);
        assert.deepEqual([answer.status, code], [422, 'FIELDS_INVALID']);
        assert.match(String(error), /^Correct these fields: /);
        assert.ok(Array.isArray(detail));
      });
    }

    it('fails as a whole when one row fails, with the row’s error', async () => {
      const { predict } = standInInference();
      const inference = standInInference({
        predict: (product) =>
          product.designation === 'b'
            ? Promise.reject(new EtiquetteError('SERVING_TIMEOUT', 'Too late.', { retryable: true }))
            : predict(product),
      });
      const answer = await (await testApi({ inference })).send(`${MODEL}/infer`, {
        inputs: [text('designation', 'a', 'b', 'c')],
      });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('retry-after'), '5');
      assert.deepEqual(await body(answer), {
        error: 'Too late.',
        detail: 'Too late.',
        code: 'SERVING_TIMEOUT',
      });
    });

    it('is for those with a token, counts with a limit, and reads JSON only', async () => {
      const limited = await testApi({ config: { PREDICT_PER_MINUTE: 1 } });
      assert.equal((await limited.send(`${MODEL}/infer`, 'x', 'text/plain')).status, 415);
      const second = await limited.send(`${MODEL}/versions/${VERSION}/infer`, { inputs: [one] });
      assert.deepEqual([second.status, typeof (await body(second)).error], [429, 'string']);
      assert.equal((await api.app.request(`${MODEL}/infer`, { method: 'POST', body: '{}' })).status, 401);
      assert.equal((await (await empty()).send(`${MODEL}/infer`, { inputs: [one] })).status, 503);
    });
  });
});
