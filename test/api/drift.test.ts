import { strict as assert } from 'node:assert';
import { createReference } from '../../models/drift/reference.ts';
import { driftReport } from '../../models/drift/report.ts';
import type { WatchDriftResult } from '../../temporal/contracts.ts';
import type { Pipeline } from '../../temporal/pipeline.ts';
import { featuresOf, streamOf } from '../models/drift/stream.ts';
import { body, testApi, VERSION } from './support.ts';

const AT = '2026-01-01T00:00:00.000Z';

async function get(pipeline: Partial<Pipeline>) {
  const { app, token } = await testApi({ pipeline });
  return app.request('/drift', { headers: { Authorization: `Bearer ${await token()}` } });
}

function checked(): WatchDriftResult {
  const reference = createReference(streamOf(100, 100), { knownWords: '', seed: 1, simulations: 20 });
  const predictions = featuresOf(streamOf(50, 7));
  const report = driftReport(reference, { from: AT, to: AT, predictions, checked: { n: 10, right: 7 } });
  const known = { at: AT, bundle: VERSION, since: AT, level: report.level, before: null };
  return { ...known, reason: 'Nothing.', report, directory: '/of/a/worker', retraining: null };
}

describe('GET /drift', () => {
  it('answers the last check with its report, and keeps where that lies to itself', async () => {
    const result = checked();
    const answer = await get({ drift: async () => result });
    const { directory: _, ...known } = result;
    assert.deepEqual(await body(answer), JSON.parse(JSON.stringify(known)));
  });

  it('says which training it came to', async () => {
    const run = { workflowId: 'train-and-deploy', runId: '01a20dfd' };
    const result = { ...checked(), retraining: { run, reason: 'It was started.' } };
    const { retraining } = await body(await get({ drift: async () => result }));
    const shown = { workflow_id: 'train-and-deploy', run_id: '01a20dfd' };
    assert.deepEqual(retraining, { run: shown, reason: 'It was started.' });
  });

  it('says why nothing could be judged', async () => {
    const nothing = { level: null, report: null, directory: null };
    const result = { ...checked(), ...nothing, reason: '3 products are too few.' };
    const { level, report, reason } = await body(await get({ drift: async () => result }));
    assert.deepEqual([level, report, reason], [null, null, '3 products are too few.']);
  });

  it('is 404 when no check is known, and 503 without Temporal', async () => {
    const none = await get({ drift: async () => null });
    assert.deepEqual([none.status, (await body(none)).code], [404, 'DRIFT_UNKNOWN']);
    const away = await get({});
    assert.deepEqual([away.status, (await body(away)).code], [503, 'TEMPORAL_UNREACHABLE']);
  });
});
