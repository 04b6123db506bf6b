import { Worker } from 'node:worker_threads';
// What the threads run: imported here so that the hash of the code behind a model covers it.
import './solve-task.ts';
import type { SvmProblem, SvmResult } from './solve-task.ts';

export interface SolveAllInput {
  readonly problem: SvmProblem;
  /** Classes 0 to classCount - 1 are learned. */
  readonly classCount: number;
  readonly threads: number;
  readonly signal: AbortSignal;
  onSolved?(solved: number): void;
}

/**
 * Spreads the classes over threads. Each is solved alone, from its own random numbers, so the results (in the
 * classes' order) do not depend on the number of threads. The threads are gone when the promise settles.
 * @throws the abort reason when `signal` is aborted
 */
export async function solveAll(input: SolveAllInput): Promise<SvmResult[]> {
  const { problem, classCount, signal, onSolved } = input;
  signal.throwIfAborted();
  const results = new Array<SvmResult>(classCount);
  const workers: Worker[] = [];
  let next = 0;
  let solved = 0;

  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const give = () => {
        if (next < classCount) worker.postMessage(next++);
        else resolve();
      };
      worker.on('message', ({ positive, result }: { positive: number; result: SvmResult }) => {
        results[positive] = result;
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
    for (let thread = 0; thread < Math.min(input.threads, classCount); thread++) {
      const file = new URL('./solve-thread.mjs', import.meta.url);
      workers.push(new Worker(file, { workerData: problem }));
    }
    await Promise.race([stopped, Promise.all(workers.map(work))]);
    return results;
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
