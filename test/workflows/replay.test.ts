import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { quiet, workflowBundle } from './environment.ts';

const folder = fileURLToPath(new URL('../fixtures/histories/', import.meta.url));

/** Runs that began on released code must be finished by today's: see test/support/record-histories.ts. */
describe('recorded histories', function () {
  this.timeout(60_000);
  before(quiet);

  const read = (file: string) => JSON.parse(readFileSync(folder + file, 'utf8'));
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    it(`${file} replays`, async () => {
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, read(file));
    });
  }

  it('that differ from the code are noticed', async () => {
    const history = read('trainAndDeploy-0.1.0.json');
    for (const event of history.events) {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled?.activityType?.name === 'split') scheduled.activityType.name = 'shuffle';
    }
    await assert.rejects(
      Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history),
      DeterminismViolationError,
    );
  });
});
