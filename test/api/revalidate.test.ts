import { strict as assert } from 'node:assert';
import { type TestApi, testApi } from './support.ts';

describe('an answer that changes seldom', () => {
  let api: TestApi;
  let token: string;
  before(async () => {
    api = await testApi({ deployments: [] });
    token = await api.token();
  });
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    api.app.request(path, { method, headers: { Authorization: `Bearer ${token}`, ...headers } });

  for (const [path, kept] of [
    ['/openapi.json', 'public, no-cache'],
    ['/docs', 'public, no-cache'],
    ['/docs/start.js', 'public, no-cache'],
    ['/docs/swagger-ui-bundle.js', 'public, no-cache'],
    ['/deployments', 'private, no-cache'],
  ] as const) {
    it(`is not sent again while it is the same: ${path}`, async () => {
      const first = await ask(path);
      const tag = first.headers.get('etag') ?? '';
      assert.match(tag, /^"[\w-]{20,}"$/);
      assert.equal(first.headers.get('cache-control'), kept);
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
        const again = await ask(path, { 'If-None-Match': known });
        assert.equal(again.status, 304, known);
        assert.equal(await again.text(), '');
        assert.equal(again.headers.get('etag'), tag);
        assert.equal(again.headers.get('cache-control'), kept);
      }
      const other = await ask(path, { 'If-None-Match': '"other"' });
      assert.equal(other.status, 200);
      assert.ok((await other.text()).length > 10);
    });
  }

  it('has its tag for HEAD too', async () => {
    const head = await ask('/openapi.json', {}, 'HEAD');
    assert.equal(head.headers.get('etag'), (await ask('/openapi.json')).headers.get('etag'));
    assert.equal(await head.text(), '');
  });

  it('needs its token as before, and an error has no tag', async () => {
    const refused = await api.app.request('/deployments', { headers: { 'If-None-Match': '*' } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('etag'), null);
    assert.equal(refused.headers.get('cache-control'), 'no-store');
  });

  it('is not what POST gives: that is never kept', async () => {
    const answer = await api.predict();
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('etag'), null);
  });
});
