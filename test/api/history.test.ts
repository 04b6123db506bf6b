import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import type { Deployment } from '../../models/bundle/deployments.ts';
import type { Lineage } from '../../models/lineage/lineage.ts';
import { body, testApi, VERSION } from './support.ts';

const entry = { by: 'Ada', reason: 'better', kind: 'deployment' } as const;
const HISTORY: Deployment[] = [
  { ...entry, version: 'a'.repeat(16), at: '2026-01-01T00:00:00.000Z', replaced: null },
  { ...entry, version: VERSION, at: '2026-01-02T00:00:00.000Z', replaced: 'a'.repeat(16) },
];

async function get(path: string, options: Parameters<typeof testApi>[0] = {}) {
  const { app, token } = await testApi(options);
  return app.request(path, { headers: { Authorization: `Bearer ${await token()}` } });
}

describe('GET /deployments', () => {
  it('says which bundle served from when to when, by whom and why', async () => {
    const answer = await body(await get('/deployments', { deployments: HISTORY }));
    assert.equal(answer.champion, VERSION);
    assert.deepEqual(answer.deployments, [
      {
        ...{ ...entry, version: 'a'.repeat(16), from: HISTORY[0]?.at, to: HISTORY[1]?.at },
        ...{ before: null, after: VERSION },
      },
      {
        ...{ ...entry, version: VERSION, from: HISTORY[1]?.at, to: null },
        ...{ before: 'a'.repeat(16), after: null },
      },
    ]);
  });

  it('says so when nothing was ever deployed', async () => {
    assert.deepEqual(await body(await get('/deployments')), { champion: null, deployments: [] });
  });
});

describe('GET /lineage/{id}', () => {
  const found: Lineage = {
    ...{ id: 'one', kind: 'prediction', bundles: [], runs: [], datasets: [] },
    prediction: { id: 'one', at: HISTORY[0]?.at ?? '', bundle: VERSION, code: 2583, confidence: 0.75 },
  };

  it('answers what is known of the id', async () => {
    const asked: string[] = [];
    const trace = async (id: string) => {
      asked.push(id);
      return found;
    };
    assert.deepEqual(await body(await get('/lineage/one', { trace })), found);
    assert.deepEqual(asked, ['one']);
  });

  it('answers 404 LINEAGE_UNKNOWN for an id that nobody has heard of', async () => {
    const trace = () => Promise.reject(new EtiquetteError('LINEAGE_UNKNOWN', 'Never heard of it.'));
    const answer = await get('/lineage/two', { trace });
    assert.equal(answer.status, 404);
    assert.deepEqual(await body(answer), { detail: 'Never heard of it.', code: 'LINEAGE_UNKNOWN' });
  });
});

describe('history and lineage', () => {
  for (const path of ['/deployments', '/lineage/one']) {
    it(`${path} is for those with a token, as often as /status, and in the document`, async () => {
      const { app, token } = await testApi({ config: { STATUS_PER_MINUTE: 1 }, deployments: HISTORY });
      assert.equal((await app.request(path)).status, 401);
      const ask = async () =>
        (await app.request(path, { headers: { Authorization: `Bearer ${await token()}` } })).status;
      assert.notEqual(await ask(), 429);
      assert.equal(await ask(), 429);
      const { paths } = await body(await app.request('/openapi.json'));
      const name = path.replace('/one', '/{id}');
      assert.ok(Object.hasOwn(paths as object, name));
    });
  }
});
