import { supervise } from '../../../models/runtime/supervisor.ts';
import type { FixtureJobs } from './fixture-child.ts';

// Starts a busy child, tells its id, and waits to be killed.
const child = supervise<FixtureJobs>({
  name: 'orphan',
  entry: new URL('fixture-child.ts', import.meta.url),
  env: { PATH: process.env.PATH ?? '' },
});
await child.run('deaf', null, { onProgress: () => process.send?.(child.pid) });
