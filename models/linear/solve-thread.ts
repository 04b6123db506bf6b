import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type SvmProblem, solveTask } from './solve-task.ts';

/** The other end of solveAll: one class a message, one result an answer. */
const port = parentPort as MessagePort;
const problem = workerData as SvmProblem;

port.on('message', (positive: number) => {
  const result = solveTask(problem, positive);
  port.postMessage({ positive, result }, [
    result.weights.buffer as ArrayBuffer,
    result.scores.buffer as ArrayBuffer,
  ]);
});
