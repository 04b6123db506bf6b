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
