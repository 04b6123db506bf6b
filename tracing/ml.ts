import { context } from '@opentelemetry/api';
import type { MlProcess } from '../models/runtime/jobs.ts';
import { isTraced, recorded } from './spans.ts';

/** The process, each of whose jobs becomes a span of the activity that asks for it: when it was worked on, waiting not counted. */
export function tracedMl(ml: MlProcess, name: string): MlProcess {
  return {
    get pid() {
      return ml.pid;
    },
    exited: () => ml.exited(),
    close: () => ml.close(),
    run(job, input, options = {}) {
      if (!isTraced()) return ml.run(job, input, options);
      // The answer comes in a message of the process, which knows of no activity.
      const activity = context.active();
      return ml.run(job, input, {
        ...options,
        onWorked(times) {
          options.onWorked?.(times);
          recorded(`ml ${job}`, times, { 'etiquette.job': job, 'etiquette.process': name }, activity);
        },
      });
    },
  };
}
