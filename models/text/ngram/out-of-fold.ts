import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { Probabilities } from '../../family.ts';
import { stratifiedFolds } from '../../linear/folds.ts';
import { solveAll } from '../../linear/solve-all.ts';
import type { SvmTask } from '../../linear/solve-task.ts';
import type { SparseRows } from '../../linear/sparse-rows.ts';
import { fitTemperature, softmaxOf } from '../../linear/temperature.ts';
import type { NgramParameters } from './parameters.ts';

const CLASSES = TYPE_CODES.length;

export interface LearnInput {
  readonly rows: SparseRows;
  /** Index of TYPE_CODES of every row. */
  readonly classes: Uint8Array;
  readonly parameters: NgramParameters;
  readonly seed: number;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Rows of one group share a fold. */
  readonly groups?: ArrayLike<number | string>;
  /** 0..1 */
  onProgress?(fraction: number): void;
}

export interface Learned {
  /** [CLASSES][columns] */
  readonly weights: readonly Float32Array[];
  /** [CLASSES] */
  readonly bias: Float32Array;
  /** Margins become probabilities through softmax(margins / temperature). */
  readonly temperature: number;
  /** Of every training row, by models that did not see it (its fold): row-major [n * CLASSES]. */
  readonly outOfFold: Probabilities;
}

/**
 * Learns from all rows, and from each fold's complement for the out-of-fold probabilities, which the temperature
 * is fitted on. A row without text teaches nothing; its out-of-fold row is uniform. The document frequencies
 * in `rows` are those of all rows in every fold: they know no label.
 */
export async function learn(input: LearnInput): Promise<Learned> {
  const { rows, classes, parameters, seed, threads, signal, onProgress } = input;
  const readable = Uint32Array.from(
    [...classes.keys()].filter((row) => rows.starts[row] !== rows.starts[row + 1]),
  );
  const readableClasses = readable.map((row) => classes[row] as number);
  const groups = input.groups;
  const folds = stratifiedFolds(
    readableClasses,
    parameters.folds,
    seed,
    groups && Array.from(readable, (row) => groups[row] as number | string),
  );
  const none = new Uint32Array();
  const held = Array.from({ length: parameters.folds }, (_, fold) =>
    readable.filter((_, at) => folds[at] === fold),
  );
  const tasks = [
    ...classTasks(readable, none, true, classes, parameters, seed),
    ...held.flatMap((scored, fold) =>
      classTasks(
        readable.filter((_, at) => folds[at] !== fold),
        scored,
        false,
        classes,
        parameters,
        seed,
      ),
    ),
  ];
  const results = await solveAll({
    rows,
    classes,
    tasks,
    threads,
    signal,
    onSolved: (solved) => onProgress?.(solved / tasks.length),
  });

  const full = results.slice(0, CLASSES);
  const margins = new Float32Array(classes.length * CLASSES);
  held.forEach((scored, fold) => {
    for (let label = 0; label < CLASSES; label++) {
      const scores = results[(fold + 1) * CLASSES + label]?.scores ?? [];
      scored.forEach((row, at) => {
        margins[row * CLASSES + label] = scores[at] as number;
      });
    }
  });
  const temperature = fitTemperature(gather(margins, readable), readableClasses, CLASSES);
  return {
    weights: full.map(({ weights }) => weights),
    bias: Float32Array.from(full, ({ bias }) => bias),
    temperature,
    outOfFold: softmaxOf(margins, CLASSES, temperature),
  };
}

/** One task a class; balanced classes weigh rows / (classes * rows of the class), as scikit-learn's. */
function classTasks(
  picks: Uint32Array,
  scored: Uint32Array,
  keep: boolean,
  classes: Uint8Array,
  { c, tolerance, epochs, balanced }: NgramParameters,
  seed: number,
): SvmTask[] {
  const counts = new Uint32Array(CLASSES);
  for (const row of picks) {
    const label = classes[row] as number;
    counts[label] = (counts[label] as number) + 1;
  }
  const present = counts.filter((count) => count > 0).length;
  return Array.from(counts, (count, positive) => ({
    c,
    tolerance,
    epochs,
    seed,
    positive,
    positiveWeight: balanced && count > 0 ? picks.length / (present * count) : 1,
    picks,
    scored,
    keep,
  }));
}

function gather(scores: Float32Array, rows: Uint32Array): Float32Array {
  const result = new Float32Array(rows.length * CLASSES);
  rows.forEach((row, at) => {
    result.set(scores.subarray(row * CLASSES, (row + 1) * CLASSES), at * CLASSES);
  });
  return result;
}
