import type { JobName, MlProcess, RunOptions } from './jobs.ts';

/** The same process; what a job is asked with passes through `change` first. */
export function withOptions(
  ml: MlProcess,
  change: (job: JobName, options: RunOptions) => RunOptions,
): MlProcess {
  return {
    get pid() {
      return ml.pid;
    },
    exited: () => ml.exited(),
    close: () => ml.close(),
    run: (job, input, options = {}) => ml.run(job, input, change(job, options)),
  };
}
