import { Worker } from 'node:worker_threads';
import { fromPlainError } from './messages.ts';
import type { Answer, ThreadStart } from './serve-tasks.ts';

/** Threads that do tasks, each one at a time, in the order they come. */
export interface Threads<Task, Result> {
  /** @throws what the task threw, or the abort reason */
  run(task: Task): Promise<Result>;
  /** Ends the threads; tasks that are not done are lost. */
  close(): Promise<void>;
}

interface Waiting {
  readonly task: unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/**
 * Starts threads that load `module` (a TypeScript file with an exported `start`, see serve-tasks.ts). What blocks
 * there leaves this process free to hear that it is to stop. Shared arrays in `data` are not copied.
 * @param signal aborted: every task fails with its reason, also those to come
 */
export function createThreads<Task, Result>(
  module: URL,
  data: unknown,
  { threads, signal }: { readonly threads: number; readonly signal: AbortSignal },
): Threads<Task, Result> {
  const workerData: ThreadStart = { module: module.href, data };
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();
  const workers: Worker[] = [];
  let failure: { readonly error: unknown } | undefined;

  const give = () => {
    for (let waiting = queue[0]; waiting; waiting = queue[0]) {
      const worker = idle.pop() ?? (workers.length < threads ? start() : undefined);
      if (!worker) return;
      queue.shift();
      busy.set(worker, waiting);
      worker.postMessage(waiting.task);
    }
  };
  const fail = (error: unknown) => {
    failure ??= { error };
    for (const { reject } of [...busy.values(), ...queue.splice(0)]) reject(error);
    busy.clear();
  };
  const start = (): Worker => {
    const worker = new Worker(new URL('./thread.mjs', import.meta.url), { workerData });
    workers.push(worker);
    worker.on('message', (answer: Answer) => {
      const done = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      if ('error' in answer) done?.reject(fromPlainError(answer.error));
      else done?.resolve(answer.result);
      give();
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`A thread ended early with exit code ${code}.`)));
    return worker;
  };
  const stop = () => fail(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();

  return {
    run: (task) =>
      new Promise<Result>((resolve, reject) => {
        if (failure) return reject(failure.error);
        queue.push({ task, resolve: (result) => resolve(result as Result), reject });
        give();
      }),
    async close() {
      signal.removeEventListener('abort', stop);
      fail(new Error('The threads were closed.'));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
