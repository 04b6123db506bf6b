import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { body } from '../api/support.ts';
import { type Server, startEntry } from '../support/servers.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { quiet, workflowBundle } from '../workflows/environment.ts';
import { type ReceivedSpan, type Receiver, startReceiver } from './receiver.ts';
import { startTracedApi, type TracedApi } from './traced-api.ts';

/** Nowhere: the run ends at its first stage. */
const NO_CATALOGUE = '/nowhere/of-the-tests';

describe('traced runs on a real Temporal server', function () {
  this.timeout(120_000);
  let directory: string;
  let receiver: Receiver;
  let stack: Stack | undefined;
  let fixture: Server | undefined;
  let api: TracedApi | undefined;
  let history: unknown;
  let runId: string;

  before(async () => {
    quiet();
    directory = await mkdtemp(join(tmpdir(), 'etiquette-traced-runs-'));
    receiver = await startReceiver();
    const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, CATALOGUE_URL: NO_CATALOGUE };
    stack = await startStack(directory, ['pipeline'], tracing);
    fixture = await startEntry('test/tracing/fixture-worker.ts', stack.env, join(directory, 'fixture.log'));
    api = await startTracedApi(join(directory, 'var'), stack.env);
    const answer = await fetch(`${api.url}/retrain`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${api.token}`, 'Content-Type': 'application/json' },
      body: '{}',
    });
    assert.equal(answer.status, 202);
    runId = String((await body(answer)).run_id);
    const run = stack.client.workflow.getHandle('train-and-deploy', runId);
    await assert.rejects(run.result());
    history = JSON.parse(historyToJSON(await run.fetchHistory()));
    await stack.client.workflow.execute('parent', { workflowId: 'parent', taskQueue: 'fixture' });
    await Promise.all([api.stop(), fixture.stop(), stack.servers.get('pipeline')?.stop()]);
  });
  after(async () => {
    api?.kill();
    await fixture?.stop();
    await stack?.close();
    await receiver.close();
    await rm(directory, { recursive: true });
  });

  /** From a span up to the one that has no parent. */
  function line(span: ReceivedSpan): ReceivedSpan[] {
    const parent = receiver.spans.find(({ spanId }) => spanId === span.parentSpanId);
    assert.ok(parent || !span.parentSpanId, `the parent of ${span.name} was not sent`);
    return parent ? [span, ...line(parent)] : [span];
  }
  const lineOf = (name: string) => line(receiver.named(name));

  it('have one trace from POST /retrain to the activity', () => {
    const fetched = lineOf('RunActivity:fetch');
    assert.deepEqual(
      fetched.map(({ service, name }) => [service, name]),
      [
        ['etiquette-pipeline', 'RunActivity:fetch'],
        ['etiquette-pipeline', 'StartActivity:fetch'],
        ['etiquette-pipeline', 'RunWorkflow:trainAndDeploy'],
        ['etiquette-api', 'StartWorkflow:trainAndDeploy'],
        ['etiquette-api', 'POST /retrain'],
      ],
    );
    assert.equal(new Set(fetched.map(({ traceId }) => traceId)).size, 1);
    const { attributes, failed } = fetched[2] ?? assert.fail();
    assert.deepEqual([attributes.temporalWorkflowId, attributes.run_id], ['train-and-deploy', runId]);
    assert.ok(failed && fetched[0]?.failed);
  });

  it('go on through children, new runs and jobs of an ML process', () => {
    assert.deepEqual(
      lineOf('ml echo').map(({ name }) => name),
      [
        'ml echo',
        'RunActivity:touch',
        'StartActivity:touch',
        'RunWorkflow:child',
        'RunWorkflow:child',
        'StartChildWorkflow:child',
        'RunWorkflow:parent',
      ],
    );
  });

  it('say on which family, data and bundle a stage worked', () => {
    const { temporalActivityId, temporalWorkflowId, run_id, ...told } =
      receiver.named('RunActivity:touch').attributes;
    assert.deepEqual(
      [temporalWorkflowId, typeof temporalActivityId, typeof run_id],
      ['child', 'string', 'string'],
    );
    assert.deepEqual(told, {
      'etiquette.family': 'lstm-vgg16',
      'etiquette.dataset_version': 'abc',
      'etiquette.bundle': '0123456789abcdef',
      'etiquette.stage.reused': true,
    });
  });

  it('send no paths, reasons or memos', () => {
    for (const secret of [NO_CATALOGUE, '/a/path', 'Zorbglub', 'memo', 'tester', directory]) {
      assert.ok(!receiver.raw.includes(secret), secret);
    }
  });

  it('can be gone on with by a worker that is not traced', async () => {
    assert.match(JSON.stringify(history), /_tracer-data/);
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);
  });
});
