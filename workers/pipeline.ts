import { fileURLToPath } from 'node:url';
import { createPipelineActivities } from '../activities/index.ts';
import { tracked } from '../activities/tracked.ts';
import { readConfig } from '../config.ts';
import { createDeps } from './deps.ts';
import { runWorker } from './worker.ts';

/** Workflows, files, bundles and deployments. Any number of these may run. */
const config = readConfig();
const deps = createDeps(config, 'pipeline-worker');
await runWorker(config, {
  taskQueue: config.PIPELINE_TASK_QUEUE,
  part: 'pipeline',
  log: deps.log,
  metricsPort: config.PIPELINE_METRICS_PORT,
  options: {
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    activities: tracked(deps, createPipelineActivities(deps)),
  },
  onStop: deps.close,
});
