import { strict as assert } from 'node:assert';
import { body, PASSWORD, productForm, standInInference, type TestApi, testApi, VERSION } from './support.ts';

describe('every answer', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi();
  });

  it('carries X-Process-Time in seconds', async () => {
    for (const path of ['/status', '/nowhere', '/metrics']) {
      const seconds = Number((await api.app.request(path)).headers.get('x-process-time'));
      assert.ok(seconds > 0 && seconds < 5, `${seconds}`);
    }
  });

  it('carries the request id that came, when it is a sane one, and else a new one', async () => {
    const id = async (header: string) =>
      (await api.app.request('/status', { headers: { 'X-Request-ID': header } })).headers.get('x-request-id');
    assert.equal(await id('order-17'), 'order-17');
    for (const odd of ['a b', '<script>', 'x'.repeat(101), '']) {
      assert.match((await id(odd)) ?? '', /^[0-9a-f-]{36}$/);
    }
  });

  it('is 404 with a code where there is nothing', async () => {
    const answer = await api.app.request('/');
    assert.equal(answer.status, 404);
    assert.deepEqual(await body(answer), { detail: 'Not Found', code: 'NOT_FOUND' });
  });

  for (const [method, path, allow] of [
    ['GET', '/token', 'POST'],
    ['GET', '/predict', 'POST'],
    ['DELETE', '/status', 'GET, HEAD'],
    ['OPTIONS', '/predict', 'POST'],
  ] as const) {
    it(`is 405 for ${method} ${path}, with what is allowed`, async () => {
      const answer = await api.app.request(path, { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), allow);
      assert.deepEqual(await body(answer), { detail: 'Method Not Allowed', code: 'METHOD_NOT_ALLOWED' });
    });
  }

  it('is logged with id, user, route, status and time, without token, password or query', async () => {
    const fresh = await testApi();
    const { prediction_id } = (await body(await fresh.predict())) as { prediction_id: string };
    await fresh.app.request('/verify-token?token=abc');
    const [login, predict, verify] = fresh.logged;
    assert.deepEqual(
      [login, predict, verify].map((line) => [line?.method, line?.route, line?.status, line?.user]),
      [
        ['POST', '/token', 200, 'data_engineer'],
        ['POST', '/predict', 200, 'data_engineer'],
        ['GET', '/verify-token', 401, undefined],
      ],
    );
    assert.equal(typeof predict?.ms, 'number');
    assert.equal(typeof predict?.requestId, 'string');
    assert.deepEqual(predict?.predictionIds, [prediction_id]);
    const text = JSON.stringify(fresh.logged);
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'eyJ', 'token=abc', 'earer']) {
      assert.equal(text.includes(secret), false, secret);
    }
  });
});

describe('GET /status', () => {
  it('says which bundle serves since when', async () => {
    const { app } = await testApi();
    assert.deepEqual(await body(await app.request('/status')), {
      message: 'Model Serving via FastAPI is running !',
      ready: true,
      bundle: { version: VERSION, family: 'lstm-vgg16', since: '2025-06-23T12:00:00.000Z' },
    });
  });

  it('says that it is not ready once it is to stop, though it still answers', async () => {
    const { app } = await testApi({ stopping: AbortSignal.abort() });
    assert.equal((await body(await app.request('/status'))).ready, false);
    assert.equal((await app.request('/v2/health/ready')).status, 503);
    assert.equal((await app.request('/v2/health/live')).status, 200);
  });

  it('says that it is not ready while there is none', async () => {
    const { app } = await testApi({ inference: standInInference({ current: () => null }) });
    const { ready, bundle } = await body(await app.request('/status'));
    assert.deepEqual([ready, bundle], [false, null]);
  });
});

describe('GET /metrics', () => {
  let lines: string[];
  before(async () => {
    const api = await testApi();
    await api.predict();
    await api.predict(await productForm({ designation: null }));
    await api.app.request('/predict');
    await api.app.request('/nowhere/really');
    const answer = await api.app.request('/metrics');
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    lines = (await answer.text()).split('\n');
  });
  const has = (line: string) => assert.ok(lines.includes(line), line);

  it('counts requests by route template, method and status group, as the original', () => {
    has('http_requests_total{handler="/predict",method="POST",status="2xx"} 1');
    has('http_requests_total{handler="/predict",method="POST",status="4xx"} 1');
    has('http_requests_total{handler="/predict",method="GET",status="4xx"} 1');
    has('http_requests_total{handler="none",method="GET",status="4xx"} 1');
    has('http_requests_total{handler="/token",method="POST",status="2xx"} 2');
    assert.equal(
      lines.some((line) => line.includes('nowhere')),
      false,
    );
  });

  it('measures durations in the original’s buckets', () => {
    for (const le of ['0.1', '0.5', '1', '+Inf']) {
      assert.ok(
        lines.some((line) =>
          line.startsWith(
            `http_request_duration_seconds_bucket{le="${le}",handler="/predict",method="POST"}`,
          ),
        ),
        le,
      );
    }
    has('http_request_duration_seconds_count{handler="/predict",method="POST"} 2');
    has('http_request_duration_highr_seconds_count 6');
    assert.equal(
      lines.filter((line) => line.startsWith('http_request_duration_highr_seconds_bucket')).length,
      22,
    );
  });

  it('measures requests’ sizes, process and service', () => {
    has('http_request_size_bytes_count{handler="/predict"} 3');
    has('etiquette_predictions_total{code="2583",bundle="0123456789abcdef"} 1');
    has('etiquette_bundle_info{version="0123456789abcdef",family="lstm-vgg16"} 1');
    has('etiquette_inference_queue_depth 0');
    assert.ok(lines.some((line) => line.startsWith('process_resident_memory_bytes ')));
  });
});

describe('METRICS_TOKEN', () => {
  it('has to be sent for /metrics once it is set, and opens nothing else', async () => {
    const METRICS_TOKEN = 'a token for Prometheus';
    const { app } = await testApi({ config: { METRICS_TOKEN } });
    const ask = async (path: string, token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const answer = await app.request(path, { headers });
      return [answer.status, answer.ok ? null : (await body(answer)).code];
    };
    assert.deepEqual(await ask('/metrics'), [401, 'METRICS_TOKEN_INVALID']);
    assert.deepEqual(await ask('/metrics', 'another token'), [401, 'METRICS_TOKEN_INVALID']);
    assert.deepEqual(await ask('/metrics', METRICS_TOKEN), [200, null]);
    assert.deepEqual(await ask('/verify-token', METRICS_TOKEN), [401, 'TOKEN_INVALID']);
  });
});

describe('the documentation', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi();
  });

  it('is an OpenAPI 3.1 document of every public route', async () => {
    const document = await body(await api.app.request('/openapi.json'));
    assert.equal(document.openapi, '3.1.0');
    assert.deepEqual(Object.keys(document.paths as object).sort(), [
      '/corrections',
      '/deployments',
      '/deployments/rollback',
      '/drift',
      '/explain',
      '/keys/{id}',
      '/lineage/{id}',
      '/metrics',
      '/predict',
      '/predict/batch',
      '/predictions/{id}',
      '/predictions/{id}/correction',
      '/retrain',
      '/runs',
      '/runs/{id}',
      '/runs/{id}/approve',
      '/runs/{id}/cancel',
      '/runs/{id}/reject',
      '/status',
      '/token',
      '/token/revoke',
      '/users',
      '/users/{username}',
      '/users/{username}/keys',
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models/{name}',
      '/v2/models/{name}/infer',
      '/v2/models/{name}/ready',
      '/v2/models/{name}/versions/{version}',
      '/v2/models/{name}/versions/{version}/infer',
      '/v2/models/{name}/versions/{version}/ready',
      '/verify-token',
    ]);
  });

  it('has a page whose parts all come from here: it works without internet', async () => {
    const page = await (await api.app.request('/docs')).text();
    const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    assert.equal(parts.length, 3);
    for (const part of parts) {
      assert.match(part, /^\/docs\//);
      const answer = await api.app.request(part);
      assert.equal(answer.status, 200, part);
      assert.ok((await answer.arrayBuffer()).byteLength > 0);
    }
  });
});
