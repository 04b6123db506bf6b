import { Worker } from 'node:worker_threads';
// What the threads run: imported here so that the hash of the code behind a model covers it.
import './solve-task.ts';
import type { SvmResult, SvmTask } from './solve-task.ts';
import type { SparseRows } from './sparse-rows.ts';

export interface SolveAllInput {
  /** In shared memory (allocateRows): threads read them without a copy. */
  readonly rows: SparseRows;
  /** The class of every row. */
  readonly classes: Uint8Array;
  readonly tasks: readonly SvmTask[];
  readonly threads: number;
  readonly signal: AbortSignal;
  onSolved?(solved: number): void;
}

/**
 * Spreads tasks over threads. Each task is solved alone, from its own random numbers, so the results (in the
 * tasks' order) do not depend on the number of threads. The threads are gone when the promise settles.
 * @throws the abort reason when `signal` is aborted
 */
export async function solveAll(input: SolveAllInput): Promise<SvmResult[]> {
  const { rows, classes, tasks, signal, onSolved } = input;
  signal.throwIfAborted();
  const results = new Array<SvmResult>(tasks.length);
  const workers: Worker[] = [];
  let next = 0;
  let solved = 0;

  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const give = () => {
        const index = next++;
        if (index < tasks.length) worker.postMessage({ index, task: tasks[index] });
        else resolve();
      };
      worker.on('message', ({ index, result }: { index: number; result: SvmResult }) => {
        results[index] = result;
        onSolved?.(++solved);
        give();
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`A solver's thread ended early with exit code ${code}.`)));
      give();
    });

  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let thread = 0; thread < Math.min(input.threads, tasks.length); thread++) {
      const file = new URL('./solve-thread.mjs', import.meta.url);
      workers.push(new Worker(file, { workerData: { rows, classes } }));
    }
    await Promise.race([stopped, Promise.all(workers.map(work))]);
    return results;
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
