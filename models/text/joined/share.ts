import type { JobContext } from '../../runtime/jobs.ts';

/** A part of a job tells its own progress, 0..1, as `from` to `to` of the whole. */
export function shareOf(context: JobContext, from: number, to: number): JobContext {
  return {
    signal: context.signal,
    progress: (progress) =>
      context.progress({ ...progress, fraction: from + (to - from) * progress.fraction }),
  };
}
