import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type PlainError, toPlainError } from './messages.ts';

/** What a thread is given: the module that it works with, and what that needs once. */
export interface ThreadStart {
  readonly module: string;
  readonly data: unknown;
}

/** What such a module exports as `start`: it gets ready with the data, and answers with what does the tasks. */
export type Start<Data, Task, Result> = (data: Data) => Promise<(task: Task) => Result | Promise<Result>>;

export type Answer = { readonly result: unknown } | { readonly error: PlainError };

/** The other end of createThreads: a task a message, one answer to each. */
const port = parentPort as MessagePort;
const { module, data } = workerData as ThreadStart;
const { start } = (await import(module)) as { start: Start<unknown, unknown, unknown> };
const ready = start(data);

port.on('message', async (task: unknown) => {
  const answer: Answer = await ready
    .then((work) => work(task))
    .then(
      (result) => ({ result }),
      (error: unknown) => ({ error: toPlainError(module, error) }),
    );
  port.postMessage(answer);
});
