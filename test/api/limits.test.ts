import { strict as assert } from 'node:assert';
import type { HttpBindings } from '@hono/node-server';
import { body, credentials, productForm, testApi } from './support.ts';

const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } }) as HttpBindings;

describe('the rate limits', () => {
  it('answer 429 with the original’s message, a code and Retry-After', async () => {
    const { app } = await testApi({ config: { STATUS_PER_MINUTE: 2 } });
    for (let request = 0; request < 2; request += 1) assert.equal((await app.request('/status')).status, 200);
    const answer = await app.request('/status');
    assert.equal(answer.status, 429);
    assert.deepEqual(await body(answer), {
      detail: 'Rate limit exceeded. Please try again later.',
      message: 'Rate limit exceeded. Please try again later.',
      code: 'RATE_LIMITED',
    });
    const seconds = Number(answer.headers.get('retry-after'));
    assert.ok(seconds > 0 && seconds <= 60, `${seconds}`);
  });

  it('count each peer address by itself, and do not believe X-Forwarded-For', async () => {
    const { app } = await testApi({ config: { STATUS_PER_MINUTE: 1 } });
    const status = async (address: string, forwarded = '') =>
      (await app.request('/status', { headers: { 'X-Forwarded-For': forwarded } }, from(address))).status;
    assert.deepEqual(
      [await status('10.0.0.1'), await status('10.0.0.2'), await status('10.0.0.1', '1.2.3.4')],
      [200, 200, 429],
    );
  });

  it('count failed logins', async () => {
    const { app } = await testApi({ config: { TOKEN_PER_MINUTE: 2 } });
    const login = async (password: string) =>
      (await app.request('/token', { method: 'POST', body: credentials({ password }) })).status;
    assert.deepEqual([await login('a'), await login('b'), await login('c')], [401, 401, 429]);
  });

  it('count predictions of each user, before the body is read, whatever the address', async () => {
    const api = await testApi({ config: { PREDICT_PER_MINUTE: 2 } });
    const token = await api.token();
    const predict = async (address: string) => {
      const answer = await api.app.request(
        '/predict',
        {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}` },
          body: await productForm({ imageid: null }),
        },
        from(address),
      );
      return answer.status;
    };
    assert.deepEqual(
      [await predict('10.0.0.1'), await predict('10.0.0.2'), await predict('10.0.0.3')],
      [422, 422, 429],
    );
  });

  it('count tries with invalid tokens by address, and do not take a user’s share for them', async () => {
    const api = await testApi({ config: { PREDICT_PER_MINUTE: 1 } });
    const guess = async () =>
      (await api.app.request('/predict', { method: 'POST', headers: { Authorization: 'Bearer x' } })).status;
    assert.deepEqual([await guess(), await guess()], [401, 429]);
    assert.equal((await api.predict()).status, 200);
  });

  it('tell how much is left, and when it begins anew', async () => {
    const { app } = await testApi({ config: { STATUS_PER_MINUTE: 2 } });
    const { headers } = await app.request('/status');
    assert.deepEqual(
      ['policy', 'limit', 'remaining', 'reset'].map((name) => headers.get(`ratelimit-${name}`)),
      ['2;w=60', '2', '1', '60'],
    );
  });

  it('count clients behind a trusted proxy one by one, and do not believe what they add', async () => {
    const { app } = await testApi({ config: { STATUS_PER_MINUTE: 1, TRUSTED_PROXIES: ['10.0.0.0/8'] } });
    const status = async (forwarded: string) =>
      (await app.request('/status', { headers: { 'X-Forwarded-For': forwarded } }, from('10.0.0.1'))).status;
    assert.deepEqual(
      [await status('192.0.2.1'), await status('192.0.2.2'), await status('198.51.100.1, 192.0.2.1')],
      [200, 200, 429],
    );
  });

  it('count a whole IPv6 network of 64 bits as one peer', async () => {
    const { app } = await testApi({ config: { STATUS_PER_MINUTE: 1 } });
    const status = async (address: string) => (await app.request('/status', {}, from(address))).status;
    assert.deepEqual(
      [await status('2001:db8::1'), await status('2001:db8::2'), await status('2001:db8:0:1::1')],
      [200, 429, 200],
    );
  });

  it('count each route by itself', async () => {
    const { app } = await testApi({ config: { STATUS_PER_MINUTE: 1, TOKEN_PER_MINUTE: 1 } });
    const status = async (path: string) => (await app.request(path)).status;
    assert.deepEqual(
      [await status('/status'), await status('/verify-token'), await status('/status')],
      [200, 401, 429],
    );
    assert.equal((await app.request('/token', { method: 'POST', body: credentials() })).status, 200);
  });

  it('count tries of /verify-token', async () => {
    const { app } = await testApi({ config: { TOKEN_PER_MINUTE: 2 } });
    const guess = async (token: string) =>
      (await app.request('/verify-token', { headers: { Authorization: `Bearer ${token}` } })).status;
    assert.deepEqual([await guess('a'), await guess('b'), await guess('c')], [401, 401, 429]);
  });

  it('are off for trusted roles, and for nobody who only says so', async () => {
    const config = { PREDICT_PER_MINUTE: 1, STATUS_PER_MINUTE: 1 };
    const trusted = await testApi({ config: { ...config, TRUSTED_ROLES: ['operator'] } });
    for (let request = 0; request < 3; request += 1) assert.equal((await trusted.predict()).status, 200);
    const headers = { Authorization: `Bearer ${await trusted.token()}` };
    for (let request = 0; request < 3; request += 1) {
      assert.equal((await trusted.app.request('/status', { headers })).status, 200);
    }
    const other = await testApi({ config: { ...config, TRUSTED_ROLES: ['admin'] } });
    assert.deepEqual([(await other.predict()).status, (await other.predict()).status], [200, 429]);
  });
});
