import { fitSoftmax, type SoftmaxModel, softmaxScores } from '../../linear/softmax.ts';
import { UNUSED } from '../../linear/solve-task.ts';

/** What every fit of the head reads; the arrays are in shared memory. */
export interface HeadProblem {
  /** Row-major [n * size]. */
  readonly features: Float32Array;
  readonly size: number;
  /** Class index of every row. */
  readonly labels: Uint8Array;
  readonly classes: number;
  /** Of every row; UNUSED or the fold that its out-of-fold scores come from. */
  readonly folds: Uint8Array;
  /** Weight of the loss against the regulariser, scikit-learn's C. */
  readonly c: number;
  /** How many times each row counts; 1 each when left out. */
  readonly rowWeights?: Float32Array;
}

export interface HeadResult {
  readonly model: SoftmaxModel;
  /** Of the fold's rows in their order, row-major [rows * classes]; empty for the whole. */
  readonly scores: Float32Array;
}

/** More steps and a finer end change no answer on held-out rows. */
const FIT = { balanced: true, tolerance: 1e-4, iterations: 100 };

/** Learns from all rows outside a fold and scores the fold; null: from all rows. */
export function solveHead(problem: HeadProblem, fold: number | null): HeadResult {
  const { features, size, labels, classes, folds, c, rowWeights } = problem;
  const rowsWhere = (wanted: (own: number) => boolean) =>
    Uint32Array.from(folds.keys()).filter((row) => folds[row] !== UNUSED && wanted(folds[row] as number));
  const gather = (rows: Uint32Array) => {
    const result = new Float32Array(rows.length * size);
    rows.forEach((row, at) => {
      result.set(features.subarray(row * size, (row + 1) * size), at * size);
    });
    return result;
  };
  const learnt = rowsWhere((own) => own !== fold);
  const model = fitSoftmax({
    features,
    size,
    picks: learnt,
    labels: Uint8Array.from(learnt, (row) => labels[row] as number),
    classes,
    ...(rowWeights && { rowWeights: Float32Array.from(learnt, (row) => rowWeights[row] as number) }),
    // As strong a regulariser for each row: a fold's scores are then as sure as the whole's will be.
    c: (c * rowsWhere(() => true).length) / learnt.length,
    ...FIT,
  });
  const scored = fold === null ? new Uint32Array() : rowsWhere((own) => own === fold);
  return { model, scores: softmaxScores(model, gather(scored), size) };
}
