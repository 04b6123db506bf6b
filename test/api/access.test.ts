import { strict as assert } from 'node:assert';
import type { Role } from '../../api/roles.ts';
import { body, type TestApi, testApi } from './support.ts';

/** Who may ask for what: every operation of the document, by the scope that it takes. "everyone" needs no token. */
const OPERATIONS = {
  everyone: [
    'GET /metrics',
    'GET /status',
    'GET /v2',
    'GET /v2/health/live',
    'GET /v2/health/ready',
    'GET /v2/models/{name}/ready',
    'GET /v2/models/{name}/versions/{version}/ready',
    'POST /token',
  ],
  'every user': ['GET /verify-token', 'POST /token/revoke'],
  predict: [
    'GET /v2/models/{name}',
    'GET /v2/models/{name}/versions/{version}',
    'POST /explain',
    'POST /predict',
    'POST /predict/batch',
    'POST /v2/models/{name}/infer',
    'POST /v2/models/{name}/versions/{version}/infer',
  ],
  read: ['GET /deployments', 'GET /lineage/{id}', 'GET /runs', 'GET /runs/{id}'],
  operate: [
    'DELETE /predictions/{id}/correction',
    'GET /corrections',
    'GET /drift',
    'GET /predictions/{id}',
    'POST /deployments/rollback',
    'POST /predictions/{id}/correction',
    'POST /retrain',
    'POST /runs/{id}/approve',
    'POST /runs/{id}/cancel',
    'POST /runs/{id}/reject',
  ],
  admin: [
    'DELETE /keys/{id}',
    'DELETE /users/{username}',
    'GET /users',
    'GET /users/{username}/keys',
    'PATCH /users/{username}',
    'POST /users',
    'POST /users/{username}/keys',
  ],
} as const;

/** Beside the document: itself, its page, and what the pipeline alone may call. */
const UNDOCUMENTED = /^GET \/(openapi\.json|docs(\/.*)?)$|^\w+ \/internal\//;

interface Document {
  readonly paths: Record<string, Record<string, { security?: unknown[] }>>;
}

describe('who may ask for what', () => {
  const apis = new Map<Role, { api: TestApi; token: string }>();
  let document: Document;

  before(async () => {
    for (const role of ['predictor', 'operator', 'admin'] as const) {
      const api = await testApi({ role });
      apis.set(role, { api, token: await api.token() });
    }
    document = (await (await as('admin', 'GET /openapi.json')).json()) as Document;
  });

  function as(role: Role, operation: string, token?: string | null) {
    const { api, token: own } = apis.get(role) ?? assert.fail();
    const [method = '', path = ''] = operation.split(' ');
    const headers = { Authorization: `Bearer ${token ?? own}` };
    return api.app.request(path.replaceAll(/\{\w+\}/g, 'x'), {
      method,
      ...(token === null ? {} : { headers }),
    });
  }

  const documented = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );

  it('is decided for every operation of the document', () => {
    assert.deepEqual(documented().sort(), Object.values(OPERATIONS).flat().sort());
  });

  it('is documented for every route that there is, but for those of the pipeline', () => {
    const { api } = apis.get('admin') ?? assert.fail();
    const routes = api.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const known = new Set(documented());
    assert.deepEqual(
      [...new Set(routes)].filter((route) => !known.has(route) && !UNDOCUMENTED.test(route)),
      [],
    );
  });

  it('is nothing but what the document says is open, without a token or with a wrong one', async () => {
    for (const [who, operations] of Object.entries(OPERATIONS)) {
      for (const operation of operations) {
        const [method = '', path = ''] = operation.split(' ');
        const { security } = document.paths[path]?.[method.toLowerCase()] ?? assert.fail(operation);
        assert.equal(security === undefined, who === 'everyone', operation);
        if (who === 'everyone') continue;
        for (const token of [null, 'no.token.at.all']) {
          assert.equal((await as('admin', operation, token)).status, 401, operation);
        }
      }
    }
  });

  for (const [role, refused] of [
    ['predictor', ['operate', 'admin']],
    ['operator', ['admin']],
    ['admin', []],
  ] as const) {
    it(`is ${refused.join(' and ') || 'nothing'} less for the role ${role}`, async () => {
      for (const scope of ['predict', 'read', 'operate', 'admin'] as const) {
        for (const operation of OPERATIONS[scope]) {
          const answer = await as(role, operation);
          const isRefused = answer.status === 403 && (await body(answer)).code === 'FORBIDDEN';
          assert.equal(isRefused, (refused as readonly string[]).includes(scope), operation);
        }
      }
    });
  }
});
