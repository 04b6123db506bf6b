import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import type { TrainAndDeployResult, Waiting } from '../../temporal/contracts.ts';
import type { Pipeline } from '../../temporal/pipeline.ts';
import { body, testApi, USERNAME, VERSION } from './support.ts';

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

  it('shows how far a run is', async () => {
    const { app, token } = await testApi({
      pipeline: { progress: async () => ({ stage: 'text', fraction: 0.5 }) as never },
    });
    const answer = await app.request('/runs/train-and-deploy', {
      headers: { Authorization: `Bearer ${await token()}` },
    });
    assert.deepEqual(await body(answer), { stage: 'text', fraction: 0.5 });
  });

  for (const [code, status] of [
    ['NOT_WAITING', 409],
    ['DEPLOYMENT_ALREADY_GOING', 409],
    ['DEPLOYMENT_FAILED', 409],
    ['RUN_UNKNOWN', 404],
    ['TEMPORAL_UNREACHABLE', 503],
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
    ['too long a reason', { reason: 'x'.repeat(1001) }, 'FIELDS_INVALID'],
  ] as const) {
    it(`refuses ${what} with 422 ${code}`, async () => {
      const answer = await post('/deployments/rollback', {}, json);
      assert.deepEqual([answer.status, (await body(answer)).code], [422, code]);
    });
  }

  it('is for users only', async () => {
    const { app } = await testApi();
    for (const path of ['/runs/any/approve', '/runs/any/reject', '/deployments/rollback']) {
      assert.equal((await app.request(path, { method: 'POST', body: '{"reason":"x"}' })).status, 401);
    }
    assert.equal((await app.request('/runs/any')).status, 401);
  });
});
