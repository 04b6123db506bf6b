import { createTrainingActivities } from '../activities/index.ts';
import { tellingEpochs, tracked } from '../activities/tracked.ts';
import { readConfig } from '../config.ts';
import { createDeps } from './deps.ts';
import { runWorker } from './worker.ts';

/** All that runs TensorFlow, one job at a time. Start it on a GPU host to train there. */
const config = readConfig();
const deps = createDeps(config, 'training-worker');
await runWorker(config, {
  taskQueue: config.TRAINING_TASK_QUEUE,
  part: 'training',
  log: deps.log,
  metricsPort: config.TRAINING_METRICS_PORT,
  options: {
    activities: tracked(deps, createTrainingActivities({ ...deps, ml: tellingEpochs(deps) })),
    maxConcurrentActivityTaskExecutions: 1,
  },
  onStop: deps.close,
});
