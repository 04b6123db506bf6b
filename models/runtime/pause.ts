import { setImmediate } from 'node:timers/promises';
import type { JobContext } from './jobs.ts';

/**
 * Lets the child process read its messages. Every job awaits this between batches: TensorFlow's calls block,
 * and without a pause neither an abort nor the parent's death would ever be noticed.
 * @throws the abort reason when the job is to stop.
 */
export async function pause(context: JobContext): Promise<void> {
  await setImmediate();
  context.signal.throwIfAborted();
}
