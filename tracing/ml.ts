import { context } from '@opentelemetry/api';
import type { MlProcess } from '../models/runtime/jobs.ts';
import { withOptions } from '../models/runtime/with-options.ts';
import { isTraced, recorded } from './spans.ts';

/** The process, each of whose jobs becomes a span of the activity that asks for it: when it was worked on, waiting not counted. */
export function tracedMl(ml: MlProcess, name: string): MlProcess {
  return withOptions(ml, (job, options) => {
    if (!isTraced()) return options;
    // The answer comes in a message of the process, which knows of no activity.
    const activity = context.active();
    return {
      ...options,
      onWorked(times) {
        options.onWorked?.(times);
        recorded(`ml ${job}`, times, { 'etiquette.job': job, 'etiquette.process': name }, activity);
      },
    };
  });
}
