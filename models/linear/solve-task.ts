import type { SparseRows } from './sparse-rows.ts';
import { type SvmOptions, scoreOf, solveOneVsRest } from './svm.ts';

/** Learns one class against the rest from `picks`, and scores `scored` with it. */
export interface SvmTask extends SvmOptions {
  readonly positive: number;
  readonly positiveWeight: number;
  readonly picks: Uint32Array;
  readonly scored: Uint32Array;
  /** Whether the weights are wanted, or the scores only. */
  readonly keep: boolean;
}

export interface SvmResult {
  /** [columns], empty unless `keep` was asked. */
  readonly weights: Float32Array;
  readonly bias: number;
  /** Of `scored`, in its order. */
  readonly scores: Float32Array;
  readonly converged: boolean;
}

export function solveTask(rows: SparseRows, classes: Uint8Array, task: SvmTask): SvmResult {
  const { picks, positive, positiveWeight, scored, keep } = task;
  const plane = solveOneVsRest(rows, picks, classes, positive, positiveWeight, task);
  return {
    weights: keep ? Float32Array.from(plane.weights) : new Float32Array(),
    bias: plane.bias,
    scores: Float32Array.from(scored, (row) => scoreOf(rows, row, plane)),
    converged: plane.converged,
  };
}
