import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SerializableSpan } from '@temporalio/interceptors-opentelemetry/lib/workflow/definitions.js';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { WORKFLOW_INTERCEPTORS } from '../../tracing/temporal-worker.ts';
import { quiet } from '../workflows/environment.ts';

const folder = fileURLToPath(new URL('../fixtures/histories/', import.meta.url));

/** Recorded without tracing: whoever switches it on has runs under way. */
describe('recorded histories, in workflow code that is traced', function () {
  this.timeout(60_000);
  let workflowBundle: WorkflowBundleWithSourceMap;
  before(async () => {
    quiet();
    workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
      workflowInterceptorModules: [WORKFLOW_INTERCEPTORS],
      logger: new DefaultLogger('ERROR'),
    });
  });

  /** @returns the spans that the workflow makes meanwhile, which a worker would not send a second time */
  async function replay(file: string): Promise<SerializableSpan[]> {
    const spans: SerializableSpan[] = [];
    const keep = (_info: unknown, more: SerializableSpan[]) => void spans.push(...more);
    await Worker.runReplayHistory(
      { workflowBundle, sinks: { exporter: { export: { fn: keep, callDuringReplay: true } } } },
      JSON.parse(readFileSync(folder + file, 'utf8')),
    );
    return spans;
  }

  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    it(`${file} replays`, async () => {
      const spans = await replay(file);
      const [type] = file.split('-');
      const run = spans.find(({ name }) => name === `RunWorkflow:${type}`);
      assert.ok(run);
      for (const span of spans) {
        assert.equal(span.spanContext.traceId, run.spanContext.traceId);
        if (span !== run) assert.equal(span.parentSpanId, run.spanContext.spanId, span.name);
      }
    });
  }

  it('make the same spans each time: what a run started names them as parents', async () => {
    const ids = async () =>
      (await replay('trainAndDeploy-0.1.0.json')).map(({ name, spanContext: { traceId, spanId } }) =>
        [name, traceId, spanId].join(' '),
      );
    const first = await ids();
    assert.ok(first.some((line) => line.startsWith('StartChildWorkflow:deployModel ')));
    assert.deepEqual(await ids(), first);
  });
});
