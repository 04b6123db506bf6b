import type { SoftmaxModel } from '../../linear/softmax.ts';
import { UNUSED } from '../../linear/solve-task.ts';
import { createThreads } from '../../runtime/threads.ts';
import type { HeadProblem, HeadResult } from './head-task.ts';
// What the threads run: imported here so that the hash of the code behind a model covers it.
import './head-task.ts';

export interface LearnHeadInput extends HeadProblem {
  readonly foldCount: number;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** 0..1 */
  onProgress?(fraction: number): void;
}

export interface LearnedHead {
  /** Learned from all rows in use. */
  readonly model: SoftmaxModel;
  /** Of every row, by a model that did not see its fold: row-major [n * classes]; 0 where unused. */
  readonly scores: Float32Array;
}

/**
 * Learns a linear head on the encoder's features, and each fold's scores from the other folds. The folds are
 * spread over threads; each is solved alone, so their number changes the time only.
 * @throws the abort reason when `signal` is aborted
 */
export async function learnHead(input: LearnHeadInput): Promise<LearnedHead> {
  const { foldCount, threads: count, signal, onProgress, ...problem } = input;
  const { folds, classes } = problem;
  const threads = createThreads<number | null, HeadResult>(
    new URL('./head-thread.ts', import.meta.url),
    problem,
    { threads: count, signal },
  );
  try {
    let solved = 0;
    // The largest first: no thread is left alone with it.
    const tasks = [null, ...Array.from({ length: foldCount }, (_, fold) => fold)];
    const [whole, ...parts] = await Promise.all(
      tasks.map(async (fold) => {
        const result = await threads.run(fold);
        solved += 1;
        onProgress?.(solved / tasks.length);
        return result;
      }),
    );
    const scores = new Float32Array(folds.length * classes);
    const next = new Uint32Array(foldCount);
    folds.forEach((fold, row) => {
      if (fold === UNUSED) return;
      const from = next[fold] as number;
      scores.set(parts[fold]?.scores.subarray(from, from + classes) ?? [], row * classes);
      next[fold] = from + classes;
    });
    return { model: (whole as HeadResult).model, scores };
  } finally {
    await threads.close();
  }
}
