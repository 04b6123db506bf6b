import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { timeSkippingServer } from '../../cli/setup/tools.mjs';
import { SEARCH_ATTRIBUTES } from '../../temporal/search-attributes.ts';
import { skip } from '../support/skip.ts';

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows as a worker runs them, bundled once a test process. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}

/**
 * Temporal's own test server, on which hours of retries pass at once, with our search attributes. Skips what `test`
 * is the hook of where set-up has not fetched it.
 */
export async function timeSkipping(test: Mocha.Context): Promise<TestWorkflowEnvironment> {
  const path = timeSkippingServer() ?? skip(test, 'no time-skipping server: run "npm run setup"');
  quiet();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, 2])),
  });
  return environment;
}

let silenced = false;
/** Failures are expected in tests: the SDK's own log would drown the report. */
export function quiet(): void {
  if (silenced) return;
  silenced = true;
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
}
