import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type SvmTask, solveTask } from './solve-task.ts';
import type { SparseRows } from './sparse-rows.ts';

/** The other end of solveAll: one task a message, one result an answer. */
const port = parentPort as MessagePort;
const { rows, classes } = workerData as { rows: SparseRows; classes: Uint8Array };

port.on('message', ({ index, task }: { index: number; task: SvmTask }) => {
  const result = solveTask(rows, classes, task);
  port.postMessage({ index, result }, [
    result.weights.buffer as ArrayBuffer,
    result.scores.buffer as ArrayBuffer,
  ]);
});
