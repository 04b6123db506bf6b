import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import type { RunProgress, TrainAndDeployResult, Waiting } from '../../temporal/contracts.ts';
import type { Pipeline, ShownRun } from '../../temporal/pipeline.ts';
import type { Run } from '../../temporal/runs.ts';
import { body, testApi, USERNAME, VERSION } from './support.ts';

const RUN: Run = {
  workflowId: 'train-and-deploy',
  runId: '01a20dfd-86d7-70cf-bfcd-7c805f2b8758',
  status: 'running',
  started: '2025-06-23T12:00:00.000Z',
  closed: null,
  family: 'lstm-vgg16',
  outcome: null,
  bundle: null,
  dataset: null,
  by: USERNAME,
  request: { key: 'the hash of a key', input: 'the hash of an input' },
};
/** Without what the key came from. */
const RUN_JSON = {
  workflow_id: 'train-and-deploy',
  run_id: '01a20dfd-86d7-70cf-bfcd-7c805f2b8758',
  status: 'running',
  started: '2025-06-23T12:00:00.000Z',
  closed: null,
  family: 'lstm-vgg16',
  outcome: null,
  bundle: null,
  dataset: null,
  by: USERNAME,
};

async function get(path: string, pipeline: Partial<Pipeline>) {
  const { app, token } = await testApi({ pipeline });
  return app.request(path, { headers: { Authorization: `Bearer ${await token()}` } });
}

describe('GET /runs', () => {
  it('lists runs, with the cursor of the next page', async () => {
    const asked: unknown[] = [];
    const list: Pipeline['list'] = async (given) => {
      asked.push(given);
      return { runs: [RUN], next: 'bmV4dA' };
    };
    const answer = await get('/runs?limit=100&status=running&cursor=aGVyZQ', { list });
    assert.deepEqual(await body(answer), { runs: [RUN_JSON], next: 'bmV4dA' });
    await get('/runs', { list });
    assert.deepEqual(asked, [{ limit: 100, status: 'running', cursor: 'aGVyZQ' }, { limit: 20 }]);
  });

  for (const query of ['limit=0', 'limit=101', 'limit=1.5', 'limit=many', 'limit=', 'status=lost']) {
    it(`refuses ${query} with 422`, async () => {
      const answer = await get(`/runs?${query}`, { list: () => assert.fail('it was asked') });
      const { code, detail } = await body(answer);
      assert.deepEqual([answer.status, code], [422, 'FIELDS_INVALID']);
      assert.deepEqual((detail as { loc: unknown }[])[0]?.loc, ['query', query.split('=')[0]]);
    });
  }

  it('refuses a cursor that is none with 422', async () => {
    const list = () => Promise.reject(new EtiquetteError('CURSOR_INVALID', 'None.'));
    const answer = await get('/runs?cursor=x', { list });
    assert.deepEqual([answer.status, (await body(answer)).code], [422, 'CURSOR_INVALID']);
  });
});

describe('what a person decides through the API', () => {
  const waiting = { run: { bundle: VERSION } as TrainAndDeployResult, until: '' } satisfies Waiting;

  async function post(path: string, pipeline: Partial<Pipeline>, json: unknown = { reason: 'seen' }) {
    const { app, token } = await testApi({ pipeline });
    return app.request(path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await token()}`, 'Content-Type': 'application/json' },
      body: typeof json === 'string' ? json : JSON.stringify(json),
    });
  }

  for (const kind of ['approve', 'reject'] as const) {
    it(`${kind}s a run in the user's name, with the reason`, async () => {
      const asked: unknown[] = [];
      const decide: Pipeline['decide'] = async (...given) => {
        asked.push(given);
        return waiting;
      };
      const answer = await post(`/runs/train-and-deploy/${kind}`, { decide });
      assert.deepEqual(await body(answer), { bundle: VERSION, decision: kind });
      assert.deepEqual(asked, [['train-and-deploy', kind, { by: USERNAME, reason: 'seen' }]]);
    });
  }

  it('rolls back in the user’s name, with the reason', async () => {
    const asked: unknown[] = [];
    const deploy: Pipeline['deploy'] = async (input) => {
      asked.push(input);
      return { version: VERSION, replaced: 'fedcba9876543210', reason: '', reused: false, trials: [] };
    };
    const answer = await post('/deployments/rollback', { deploy });
    assert.deepEqual(await body(answer), { version: VERSION, replaced: 'fedcba9876543210' });
    assert.deepEqual(asked, [{ by: USERNAME, reason: 'seen', rollback: true }]);
  });

  it('shows a run, and how far it is while a worker answers', async () => {
    const progress = { stage: 'text', fraction: 0.5 } as RunProgress;
    const shown = async (more: Pick<ShownRun, 'progress' | 'reason'>) =>
      body(await get('/runs/train-and-deploy', { show: async () => ({ ...RUN, ...more }) }));
    assert.deepEqual(await shown({ progress, reason: null }), { ...RUN_JSON, reason: null, ...progress });
    assert.deepEqual(await shown({ progress: null, reason: 'Done.' }), { ...RUN_JSON, reason: 'Done.' });
  });

  it('cancels a run in the user’s name, with the reason', async () => {
    const asked: unknown[] = [];
    const cancel: Pipeline['cancel'] = async (...given) => {
      asked.push(given);
      return RUN;
    };
    const answer = await post('/runs/train-and-deploy/cancel', { cancel });
    assert.deepEqual([answer.status, await body(answer)], [202, RUN_JSON]);
    assert.deepEqual(asked, [['train-and-deploy', { by: USERNAME, reason: 'seen' }]]);
  });

  for (const [code, status] of [
    ['NOT_WAITING', 409],
    ['RUN_CLOSED', 409],
    ['DEPLOYMENT_ALREADY_GOING', 409],
    ['DEPLOYMENT_FAILED', 409],
    ['RUN_UNKNOWN', 404],
    ['TEMPORAL_UNREACHABLE', 503],
    ['WORKER_AWAY', 503],
  ] as const) {
    it(`answers ${status} when the pipeline says ${code}`, async () => {
      const refuse = () => Promise.reject(new EtiquetteError(code, 'Because.'));
      const answer = await post('/runs/any/approve', { decide: refuse });
      assert.deepEqual([answer.status, await body(answer)], [status, { detail: 'Because.', code }]);
    });
  }

  for (const [what, json, code] of [
    ['no JSON', 'because', 'JSON_INVALID'],
    ['no reason', {}, 'FIELDS_INVALID'],
    ['an empty reason', { reason: '' }, 'FIELDS_INVALID'],
    ['a blank reason', { reason: ' \n' }, 'FIELDS_INVALID'],
    ['somebody else’s name', { reason: 'seen', by: 'ada' }, 'FIELDS_INVALID'],
    ['too long a reason', { reason: 'x'.repeat(1001) }, 'FIELDS_INVALID'],
  ] as const) {
    it(`refuses ${what} with 422 ${code}`, async () => {
      const answer = await post('/deployments/rollback', {}, json);
      assert.deepEqual([answer.status, (await body(answer)).code], [422, code]);
    });
  }

  it('is for users only', async () => {
    const { app } = await testApi();
    for (const path of [
      '/runs/any/approve',
      '/runs/any/reject',
      '/runs/any/cancel',
      '/deployments/rollback',
    ]) {
      assert.equal((await app.request(path, { method: 'POST', body: '{"reason":"x"}' })).status, 401);
    }
    for (const path of ['/runs', '/runs/any']) assert.equal((await app.request(path)).status, 401);
  });
});
