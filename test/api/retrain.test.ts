import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import type { Pipeline } from '../../temporal/pipeline.ts';
import type { Retraining } from '../../temporal/training.ts';
import { body, testApi, USERNAME } from './support.ts';

const RUN_ID = '01a20dfd-86d7-70cf-bfcd-7c805f2b8758';

describe('POST /retrain', () => {
  let asked: Retraining[];
  let replayed: boolean;
  beforeEach(() => {
    asked = [];
    replayed = false;
  });
  const starts: Pipeline['retrain'] = async (given) => {
    asked.push(given);
    return { workflowId: 'train-and-deploy', runId: RUN_ID, replayed };
  };

  async function post(
    init: { json?: unknown; key?: string } = {},
    retrain: Pipeline['retrain'] = starts,
    role: 'operator' | 'predictor' = 'operator',
  ) {
    const { app, token } = await testApi({ pipeline: { retrain }, role });
    const { json, key } = init;
    return app.request('/retrain', {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${await token()}`,
        ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      },
      ...(json === undefined ? {} : { body: typeof json === 'string' ? json : JSON.stringify(json) }),
    });
  }

  it('starts a training in the user’s name, and says where it can be followed', async () => {
    const answer = await post();
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('location'), `/runs/${RUN_ID}`);
    assert.equal(answer.headers.get('idempotent-replayed'), null);
    assert.deepEqual(await body(answer), {
      workflow_id: 'train-and-deploy',
      run_id: RUN_ID,
      status_url: `/runs/${RUN_ID}`,
      temporal_ui: `http://127.0.0.1:8233/namespaces/default/workflows/train-and-deploy/${RUN_ID}/history`,
    });
    const [{ by, key, input } = assert.fail()] = asked;
    assert.deepEqual([by, key, input.family], [USERNAME, undefined, 'ngram-efficientnet']);
  });

  it('passes on what the body asks for', async () => {
    const json = {
      family: 'lstm-vgg16',
      seed: 7,
      text: { epochs: 2 },
      deploy: 'approval',
      gate: { lead: 0.01 },
    };
    await post({ json });
    const [{ input } = assert.fail()] = asked;
    const { family, seed, text, deploy, gate } = input;
    assert.deepEqual({ family, seed, text, deploy, gate: { lead: gate?.lead } }, json);
  });

  it('passes on the idempotency key, and says when it had started the run before', async () => {
    replayed = true;
    const answer = await post({ key: 'nightly/2025-06-23' });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('idempotent-replayed'), 'true');
    assert.equal(asked[0]?.key, 'nightly/2025-06-23');
  });

  for (const [what, key] of [
    ['an empty one', ''],
    ['one with a blank', 'a b'],
    ['one beyond ASCII', 'cl\u00e9'],
    ['one of 256 characters', 'x'.repeat(256)],
  ] as const) {
    it(`refuses ${what} as idempotency key with 422`, async () => {
      const answer = await post({ key });
      const { code, detail } = await body(answer);
      assert.deepEqual([answer.status, code, asked], [422, 'FIELDS_INVALID', []]);
      assert.deepEqual((detail as { loc: unknown }[])[0]?.loc, ['header', 'Idempotency-Key']);
    });
  }

  for (const [what, json, code] of [
    ['a catalogue: the worker would read a folder or fetch a URL', { catalogue: '/etc' }, 'FIELDS_INVALID'],
    ['a URL as catalogue', { catalogue: 'http://169.254.169.254/' }, 'FIELDS_INVALID'],
    ['another user’s name', { by: 'ada' }, 'FIELDS_INVALID'],
    ['a member that there is none of', { famly: 'lstm-vgg16' }, 'FIELDS_INVALID'],
    ['a member of the wrong kind', { seed: '42' }, 'FIELDS_INVALID'],
    ['a list', [], 'FIELDS_INVALID'],
    ['no JSON', '{', 'JSON_INVALID'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const answer = await post({ json });
      assert.deepEqual([answer.status, (await body(answer)).code, asked], [422, code, []]);
    });
  }

  it('refuses a body of more than 8 KB with 413', async () => {
    const answer = await post({ json: { family: 'x'.repeat(9000) } });
    assert.deepEqual([answer.status, (await body(answer)).code], [413, 'BODY_TOO_LARGE']);
  });

  for (const [code, status] of [
    ['RUN_ALREADY_GOING', 409],
    ['IDEMPOTENCY_KEY_REUSED', 422],
    ['FAMILY_UNKNOWN', 422],
    ['PARAMETER_INVALID', 422],
    ['TEMPORAL_UNREACHABLE', 503],
  ] as const) {
    it(`answers ${status} when the pipeline says ${code}`, async () => {
      const answer = await post({}, () => Promise.reject(new EtiquetteError(code, 'Because.')));
      const { code: told } = await body(answer);
      assert.deepEqual([answer.status, told], [status, code]);
    });
  }

  it('takes the right to operate', async () => {
    const answer = await post({}, starts, 'predictor');
    assert.deepEqual([answer.status, (await body(answer)).code, asked], [403, 'FORBIDDEN', []]);
    const { app } = await testApi({ pipeline: { retrain: starts } });
    assert.equal((await app.request('/retrain', { method: 'POST' })).status, 401);
  });
});
