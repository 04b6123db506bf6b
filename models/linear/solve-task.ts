import type { SparseRows } from './sparse-rows.ts';
import { type SvmOptions, scoreOf, solveOneVsRest } from './svm.ts';

/** What every class is learned from. The arrays are in shared memory: threads read them without a copy. */
export interface SvmProblem extends SvmOptions {
  readonly rows: SparseRows;
  /** Of every row. */
  readonly classes: Uint8Array;
  /** Of every row, 0 to foldCount - 1; UNUSED: the row teaches nothing and is not scored. */
  readonly folds: Uint8Array;
  readonly foldCount: number;
  /** Whether rare classes weigh as much as frequent ones. */
  readonly balanced: boolean;
  /** How many times each row counts; 1 each when left out. */
  readonly rowWeights?: Float32Array;
}

export const UNUSED = 255;

export interface SvmResult {
  /** Learned from all folds, [columns]. */
  readonly weights: Float32Array;
  readonly bias: number;
  /** Of every row, learned from the other folds; 0 where unused. */
  readonly scores: Float32Array;
  readonly converged: boolean;
}

/**
 * Learns one class against the rest: from each fold's complement to score the fold, then from all rows. The
 * complements start from nothing, so that no score knows of its row. The whole starts from the mean of what
 * the complements found for its rows, which is most of the way.
 */
export function solveTask(problem: SvmProblem, positive: number): SvmResult {
  const { rows, classes, folds, foldCount, rowWeights } = problem;
  const used = Uint32Array.from(folds.keys()).filter((row) => folds[row] !== UNUSED);
  const scores = new Float32Array(rows.count);
  const starts = new Float64Array(rows.count);
  let converged = true;
  const solve = (picks: Uint32Array, start?: Float64Array) => {
    const weight = positiveWeight(problem, picks, positive);
    const own = { ...(start && { start }), ...(rowWeights && { rowWeights }) };
    const solution = solveOneVsRest(rows, picks, classes, positive, weight, problem, own);
    converged &&= solution.converged;
    return solution;
  };
  for (let fold = 0; fold < foldCount; fold++) {
    const picks = used.filter((row) => folds[row] !== fold);
    const solution = solve(picks);
    picks.forEach((row, at) => {
      starts[row] = (starts[row] as number) + (solution.alpha[at] as number) / (foldCount - 1);
    });
    for (const row of used) if (folds[row] === fold) scores[row] = scoreOf(rows, row, solution);
  }
  const whole = solve(
    used,
    Float64Array.from(used, (row) => starts[row] as number),
  );
  return { weights: Float32Array.from(whole.weights), bias: whole.bias, scores, converged };
}

/** Rows / (classes present * rows of the class), as scikit-learn's balanced classes. */
function positiveWeight({ classes, balanced }: SvmProblem, picks: Uint32Array, positive: number): number {
  if (!balanced) return 1;
  const counts = new Uint32Array(256);
  for (const row of picks) {
    const label = classes[row] as number;
    counts[label] = (counts[label] as number) + 1;
  }
  const own = counts[positive] as number;
  const present = counts.filter((count) => count > 0).length;
  return own === 0 ? 1 : picks.length / (present * own);
}
