import { availableParallelism } from 'node:os';

/**
 * Threads that one operation may use in this process: what `createMlProcess` gave it, as TensorFlow reads it too;
 * every core in a process that was started otherwise.
 */
export function processThreads(): number {
  return Number(process.env.OMP_NUM_THREADS) || availableParallelism();
}
