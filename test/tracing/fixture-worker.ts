import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { readConfig } from '../../config.ts';
import type { Jobs } from '../../models/runtime/jobs.ts';
import { supervise } from '../../models/runtime/supervisor.ts';
import { tracedMl } from '../../tracing/ml.ts';
import { runWorker } from '../../workers/worker.ts';

// A worker as those of the project run, with workflows of the tests.
const config = readConfig();
const ml = tracedMl(
  supervise<Jobs>({
    name: 'fixture',
    entry: new URL('../models/runtime/fixture-child.ts', import.meta.url),
    env: { PATH: process.env.PATH ?? '' },
  }),
  'fixture',
);
await runWorker(config, {
  taskQueue: 'fixture',
  part: 'fixture',
  log: pino(),
  metricsPort: 0,
  options: {
    workflowsPath: fileURLToPath(new URL('fixture-workflows.ts', import.meta.url)),
    activities: {
      async touch() {
        await ml.run('echo' as 'insight', {} as Jobs['insight']['input']);
        return { bundle: '0123456789abcdef', reused: true, reason: 'a reason that quotes Zorbglub' };
      },
    },
  },
  onStop: () => ml.close(),
});
