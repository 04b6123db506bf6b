import { strict as assert } from 'node:assert';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createAuthApp } from '../../api/auth-app.ts';
import type { Api } from '../../api/environment.ts';
import { createMetrics } from '../../api/metrics.ts';
import { body, CONFIG, credentials, type TestApi, testApi } from './support.ts';

describe('the stand-alone auth process', () => {
  let api: TestApi;
  let auth: Api;
  before(async () => {
    api = await testApi();
    auth = createAuthApp({
      config: CONFIG,
      users: api.users,
      metrics: createMetrics(new Registry()),
      log: pino({ level: 'silent' }),
      now: () => new Date(),
    });
  });
  const logIn = (fields = {}) => auth.request('/token', { method: 'POST', body: credentials(fields) });
  const verify = (app: Api, token: string) =>
    app.request('/verify-token', { headers: { Authorization: `Bearer ${token}` } });

  it('gives tokens that the API believes, and believes those of the API', async () => {
    const { access_token: token } = await body(await logIn());
    for (const answer of [await verify(api.app, String(token)), await verify(auth, await api.token())]) {
      assert.deepEqual(await body(answer), { username: 'data_engineer', full_name: 'Data Engineer' });
    }
  });

  it('refuses in the words of the original’s auth service', async () => {
    const wrong = await logIn({ password: 'wrong' });
    assert.deepEqual([wrong.status, wrong.headers.get('www-authenticate')], [401, 'Bearer']);
    assert.equal((await body(wrong)).detail, 'Incorrect username or password');
    const invalid = await verify(auth, 'garbage');
    assert.deepEqual([invalid.status, invalid.headers.get('www-authenticate')], [401, 'Bearer']);
    assert.equal((await body(invalid)).detail, 'Invalid token');
    const missing = await auth.request('/token', { method: 'POST', body: new URLSearchParams() });
    assert.equal(missing.status, 422);
    const method = await auth.request('/token');
    assert.deepEqual([method.status, (await body(method)).detail], [405, 'Method Not Allowed']);
  });

  it('tells its health and its metrics', async () => {
    assert.deepEqual(await body(await auth.request('/health')), { status: 'ok' });
    assert.match(await (await auth.request('/metrics')).text(), /http_requests_total\{handler="\/token"/);
  });

  it('has nothing else', async () => {
    for (const path of ['/predict', '/users', '/runs']) assert.equal((await auth.request(path)).status, 404);
  });
});
