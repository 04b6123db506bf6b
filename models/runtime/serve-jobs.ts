import type { JobContext, JobProgress, WorkTimes } from './jobs.ts';
import { type FromChild, type JobMap, type ToChild, toPlainError } from './messages.ts';

/** How each job is found. Imports are lazy: a child that predicts never loads the code that trains. */
export type Registry<J extends JobMap<J>> = {
  readonly [N in keyof J]: () => Promise<
    (input: J[N]['input'], context: JobContext) => Promise<J[N]['output']>
  >;
};

/**
 * The child's side: does the jobs that the supervisor sends, until the supervisor is gone. SIGINT is ignored
 * because Ctrl-C goes to every process of a terminal, and only the parent may decide what it means.
 */
export function serveJobs<J extends JobMap<J>>(registry: Registry<J>): void {
  const running = new Map<number, AbortController>();

  const send = (message: FromChild) => {
    if (process.connected) process.send?.(message);
  };

  const run = async ({ id, job, input }: Extract<ToChild, { type: 'run' }>) => {
    const controller = new AbortController();
    running.set(id, controller);
    const worked = stopwatch();
    try {
      const find = registry[job as keyof J];
      if (!find) throw new Error(`there is no job of this name`);
      const work = await find();
      const output = await work(input, {
        signal: controller.signal,
        progress: throttled((progress) => send({ type: 'progress', id, progress })),
      });
      send({ type: 'done', id, output, worked: worked() });
    } catch (error) {
      fail(id, job, error, worked());
    } finally {
      running.delete(id);
    }
  };

  const fail = (id: number, job: string, error: unknown, worked: WorkTimes) => {
    const plain = toPlainError(job, error);
    try {
      send({ type: 'failed', id, error: plain, worked });
    } catch {
      // Details that cannot be cloned must not hide the failure itself.
      send({ type: 'failed', id, error: { ...plain, details: {} }, worked });
    }
  };

  // The parent may have gone while this process was starting.
  if (!process.connected) process.exit(0);
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => process.exit(143));
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ToChild) => {
    if (message.type === 'run') void run(message);
    else running.get(message.id)?.abort();
  });
}

/** The wall clock may be set meanwhile: it tells when the work ended, and the other one how long it took. */
function stopwatch(): () => WorkTimes {
  const start = performance.now();
  return () => {
    const to = Date.now();
    return { from: to - (performance.now() - start), to };
  };
}

/** Jobs report after every batch; nobody looks more often than this. Finished epochs always pass. */
const PROGRESS_MS = 200;

function throttled(report: (progress: JobProgress) => void): (progress: JobProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const now = performance.now();
    if (now - last < PROGRESS_MS && progress.metrics === undefined) return;
    last = now;
    report(progress);
  };
}
