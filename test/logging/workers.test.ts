import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';

describe("a real worker's log in LOG_DIR", function () {
  this.timeout(60_000);
  let directory: string;
  let stack: Stack | undefined;
  before(function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
  });
  after(async () => {
    await stack?.close();
    if (directory) await rm(directory, { recursive: true });
  });

  it('names the run in the lines of workflows and activities, and is whole when the worker was stopped', async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-worker-log-'));
    const logs = join(directory, 'logs');
    stack = await startStack(directory, ['pipeline'], { LOG_DIR: logs });
    const run = await stack.client.workflow.start('deployModel', {
      workflowId: 'a-run',
      taskQueue: stack.queue,
      args: [{ version: 'unknown' }],
    });
    await run.result().catch(() => {});
    await stack.servers.get('pipeline')?.stop('SIGINT');

    const kept = await readFile(join(logs, 'pipeline-worker.log'), 'utf8');
    const output = await readFile(join(directory, 'pipeline.log'), 'utf8');
    ok(output.includes(kept), 'standard output has the same lines');
    const lines = kept
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const ofRun = lines.filter(({ workflowId }) => workflowId === 'a-run');
    deepEqual([...new Set(ofRun.map(({ runId }) => runId))], [run.firstExecutionRunId]);
    deepEqual(
      ofRun.map(({ msg }) => msg),
      ['Workflow started', 'Activity started', 'Activity failed', 'Workflow failed'],
    );
    const failed = ofRun.find(({ msg }) => msg === 'Activity failed');
    equal(failed?.activityType, 'chooseBundle');
    ok(failed?.error.message.includes('unknown'), 'with what went wrong');
    ok(ofRun.every(({ taskToken }) => taskToken === undefined || taskToken === '[redacted]'));
  });
});
