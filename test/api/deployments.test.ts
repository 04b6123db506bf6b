import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import { body, standInInference, testApi, VERSION } from './support.ts';

const NEXT = 'fedcba9876543210';

describe('POST /internal/deployments', () => {
  async function post(
    options: Parameters<typeof testApi>[0] = {},
    { token = 'a deploy token of the tests', json = JSON.stringify({ version: NEXT }) } = {},
  ) {
    const { app } = await testApi(options);
    return app.request('/internal/deployments', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: json,
    });
  }

  it('deploys, and says what was replaced and how long it took', async () => {
    const asked: string[] = [];
    const inference = standInInference({
      async deploy(version) {
        asked.push(version);
        return { version, replaced: VERSION };
      },
    });
    const answer = await post({ inference });
    assert.equal(answer.status, 200);
    const { seconds, ...rest } = await body(answer);
    assert.deepEqual(rest, { version: NEXT, replaced: VERSION });
    assert.equal(typeof seconds, 'number');
    assert.deepEqual(asked, [NEXT]);
  });

  it('goes step by step where several processes switch together', async () => {
    const asked: string[] = [];
    const inference = standInInference({
      prepare: async (version) => void asked.push(`prepare ${version}`),
      async activate(version) {
        asked.push(`activate ${version}`);
        return { version, replaced: VERSION };
      },
    });
    for (const step of ['prepare', 'activate']) {
      const answer = await post({ inference }, { json: JSON.stringify({ version: NEXT, step }) });
      assert.equal((await body(answer)).replaced, step === 'prepare' ? null : VERSION);
    }
    assert.deepEqual(asked, [`prepare ${NEXT}`, `activate ${NEXT}`]);
  });

  for (const code of ['BUNDLE_UNKNOWN', 'BUNDLE_CORRUPT', 'BUNDLE_LOAD_FAILED', 'BUNDLE_GOLDEN_MISMATCH']) {
    it(`answers 422 with the reason when the bundle is refused with ${code}`, async () => {
      const inference = standInInference({
        deploy: () => Promise.reject(new EtiquetteError(code, 'Because.')),
      });
      const answer = await post({ inference });
      assert.equal(answer.status, 422);
      assert.deepEqual(await body(answer), { detail: 'Because.', code });
    });
  }

  it('answers 503 when another try can help', async () => {
    const inference = standInInference({
      deploy: () => Promise.reject(new EtiquetteError('BUNDLE_LOAD_FAILED', 'Killed.', { retryable: true })),
    });
    const answer = await post({ inference });
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
  });

  it('does not exist for anybody when there is no DEPLOY_TOKEN', async () => {
    const answer = await post({ config: { DEPLOY_TOKEN: undefined } });
    assert.deepEqual([answer.status, await body(answer)], [404, { detail: 'Not Found', code: 'NOT_FOUND' }]);
  });

  it('refuses another token, a user’s token too', async () => {
    for (const token of ['x', await (await testApi()).token()]) {
      const answer = await post({}, { token });
      assert.deepEqual([answer.status, (await body(answer)).code], [401, 'DEPLOY_TOKEN_INVALID']);
    }
  });

  for (const [what, json, status, code] of [
    ['no JSON', 'version', 422, 'JSON_INVALID'],
    ['no version', '{}', 422, 'FIELDS_INVALID'],
    ['a version that is no text', '{"version":7}', 422, 'FIELDS_INVALID'],
    ['more than a version needs', JSON.stringify({ version: 'x'.repeat(10_000) }), 413, 'BODY_TOO_LARGE'],
  ] as const) {
    it(`refuses ${what} with ${status} ${code}`, async () => {
      const answer = await post({}, { json });
      assert.deepEqual([answer.status, (await body(answer)).code], [status, code]);
    });
  }
});

describe('/internal/trials', () => {
  const plan = { version: NEXT, kind: 'canary', share: 0.1, seconds: 60 };
  async function ask(
    method: string,
    { inference = standInInference(), token = 'a deploy token of the tests', json = plan as object } = {},
  ) {
    const { app } = await testApi({ inference });
    return app.request('/internal/trials', {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(json) } : {}),
    });
  }

  it('begins one, tells what was seen, and ends it', async () => {
    const begun = await body(await ask('POST'));
    assert.deepEqual([begun.version, begun.kind, begun.share, begun.answered], [NEXT, 'canary', 0.1, 0]);
    const inference = standInInference({ trial: () => begun as never });
    assert.deepEqual(await body(await ask('GET', { inference })), { trial: begun });
    let ended = 0;
    const ending = standInInference({
      endTrial: async () => {
        ended += 1;
      },
    });
    assert.deepEqual(await body(await ask('DELETE', { inference: ending })), { trial: null });
    assert.equal(ended, 1);
  });

  it('is for the pipeline alone', async () => {
    for (const method of ['POST', 'GET', 'DELETE']) {
      assert.equal((await ask(method, { token: 'x' })).status, 401);
    }
  });

  for (const [what, change] of [
    ['a share of nothing', { share: 0 }],
    ['a share of more than all', { share: 1.1 }],
    ['an unknown kind', { kind: 'ghost' }],
    ['no end', { seconds: undefined }],
  ] as const) {
    it(`refuses ${what} with 422 FIELDS_INVALID`, async () => {
      const answer = await ask('POST', { json: { ...plan, ...change } });
      assert.deepEqual([answer.status, (await body(answer)).code], [422, 'FIELDS_INVALID']);
    });
  }
});
