import { strict as assert } from 'node:assert';
import type { HttpBindings } from '@hono/node-server';
import { credentials, testApi } from './support.ts';

const PROXY = '10.0.0.1';
const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } }) as HttpBindings;

describe('the headers of every answer', () => {
  for (const path of ['/status', '/nowhere', '/predict', '/metrics', '/openapi.json']) {
    it(`of ${path} let a browser do nothing with it`, async () => {
      const { headers } = await (await testApi()).app.request(path);
      assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
      assert.match(headers.get('permissions-policy') ?? '', /camera=\(\)/);
      assert.equal(headers.get('x-powered-by'), null);
      assert.equal(headers.get('server'), null);
    });
  }

  it('let the page of /docs run its own script and nothing else', async () => {
    const policy =
      (await (await testApi()).app.request('/docs')).headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.match(policy, /object-src 'none'/);
    assert.doesNotMatch(policy, /script-src|unsafe-eval|https?:/);
  });

  it('keep predictions, tokens and refusals out of caches, and let the page’s own parts in', async () => {
    const api = await testApi();
    const kept = async (answer: Response | Promise<Response>) => (await answer).headers.get('cache-control');
    const login = api.app.request('/token', { method: 'POST', body: credentials() });
    for (const answer of [
      api.predict(),
      login,
      api.app.request('/status'),
      api.app.request('/verify-token'),
    ]) {
      assert.match((await kept(answer)) ?? '', /no-store/);
    }
    assert.match((await kept(api.app.request('/docs/swagger-ui.css'))) ?? '', /^public/);
  });

  it('demand TLS only where a trusted proxy speaks it', async () => {
    const { app } = await testApi({ config: { TRUSTED_PROXIES: [PROXY] } });
    const hsts = async (address: string, proto: string) =>
      (await app.request('/status', { headers: { 'X-Forwarded-Proto': proto } }, from(address))).headers.get(
        'strict-transport-security',
      );
    assert.equal(await hsts(PROXY, 'https'), 'max-age=31536000');
    assert.equal(await hsts(PROXY, 'http'), null);
    assert.equal(await hsts('192.0.2.1', 'https'), null);
  });
});

describe('pages of other origins', () => {
  const SHOP = 'https://shop.example';
  const allowed = { config: { CORS_ORIGINS: [SHOP], PREDICT_PER_MINUTE: 1 } };
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization',
    },
  });
  const corsHeaders = ({ headers }: Response) =>
    [...headers.keys()].filter((name) => name.startsWith('access-control-'));

  it('may not call the API unless they are named', async () => {
    const { app } = await testApi();
    const answer = await app.request('/predict', preflight(SHOP));
    assert.deepEqual([answer.status, corsHeaders(answer)], [405, []]);
    assert.deepEqual(corsHeaders(await app.request('/status', { headers: { Origin: SHOP } })), []);
  });

  it('may send a token once they are named, without cookies', async () => {
    const { app } = await testApi(allowed);
    const answer = await app.request('/predict', preflight(SHOP));
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get('access-control-allow-origin'), SHOP);
    assert.match(answer.headers.get('access-control-allow-headers') ?? '', /Authorization/);
    assert.match(answer.headers.get('access-control-allow-methods') ?? '', /POST/);
    assert.equal(answer.headers.get('access-control-max-age'), '600');
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    assert.match(answer.headers.get('vary') ?? '', /Origin/);
  });

  it('read answers and refusals, their limits and request ids', async () => {
    const api = await testApi(allowed);
    const ask = () => api.app.request('/predict', { method: 'POST', headers: { Origin: SHOP } });
    for (const status of [401, 429]) {
      const { headers, status: got } = await ask();
      assert.equal(got, status);
      assert.equal(headers.get('access-control-allow-origin'), SHOP);
      for (const name of ['Retry-After', 'RateLimit-Remaining', 'X-Request-ID', 'X-Process-Time']) {
        assert.ok(headers.get('access-control-expose-headers')?.includes(name), name);
      }
    }
  });

  for (const origin of ['https://shop.example.evil.example', 'http://shop.example', 'null', '*', '']) {
    it(`get nothing from the origin "${origin}"`, async () => {
      const { app } = await testApi(allowed);
      const answer = await app.request('/predict', preflight(origin));
      assert.deepEqual([answer.status, corsHeaders(answer)], [405, []]);
      const plain = await app.request('/status', { headers: { Origin: origin } });
      assert.deepEqual([plain.status, corsHeaders(plain)], [200, []]);
      assert.match(plain.headers.get('vary') ?? '', /Origin/);
    });
  }
});
