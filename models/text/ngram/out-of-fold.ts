import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { Probabilities } from '../../evaluation/rows.ts';
import { foldCountOf, stratifiedFolds } from '../../linear/folds.ts';
import { solveAll } from '../../linear/solve-all.ts';
import { UNUSED } from '../../linear/solve-task.ts';
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
  /** How many times each row counts; 1 each when left out. */
  readonly rowWeights?: Float32Array;
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
  /** Of every training row, 0 to foldCount - 1, also of one without text. */
  readonly folds: Uint8Array;
  readonly foldCount: number;
}

/**
 * Learns from all rows, and from each fold's complement for the out-of-fold probabilities, which the temperature
 * is fitted on. A row without text teaches nothing; its out-of-fold row is uniform. The document frequencies
 * in `rows` are those of all rows in every fold: they know no label.
 */
export async function learn(input: LearnInput): Promise<Learned> {
  const { rows, classes, parameters, seed, threads, signal, groups, rowWeights, onProgress } = input;
  const foldCount = parameters.folds ?? foldCountOf(classes.length);
  const folds = stratifiedFolds(classes, foldCount, seed, groups);
  const readable = Uint32Array.from(classes.keys()).filter(
    (row) => rows.starts[row] !== rows.starts[row + 1],
  );
  const used = new Uint8Array(new SharedArrayBuffer(folds.length)).fill(UNUSED);
  for (const row of readable) used[row] = folds[row] as number;
  const results = await solveAll({
    problem: {
      ...{ ...parameters, rows, classes, seed, foldCount, folds: used },
      ...(rowWeights && { rowWeights }),
    },
    classCount: CLASSES,
    threads,
    signal,
    onSolved: (solved) => onProgress?.(solved / CLASSES),
  });

  const margins = new Float32Array(classes.length * CLASSES);
  results.forEach(({ scores }, label) => {
    for (const row of readable) margins[row * CLASSES + label] = scores[row] as number;
  });
  const labels = Array.from(readable, (row) => classes[row] as number);
  const temperature = fitTemperature(gather(margins, readable), labels, CLASSES);
  return {
    weights: results.map(({ weights }) => weights),
    bias: Float32Array.from(results, ({ bias }) => bias),
    temperature,
    outOfFold: softmaxOf(margins, CLASSES, temperature),
    folds,
    foldCount,
  };
}

function gather(scores: Float32Array, rows: Uint32Array): Float32Array {
  const result = new Float32Array(rows.length * CLASSES);
  rows.forEach((row, at) => {
    result.set(scores.subarray(row * CLASSES, (row + 1) * CLASSES), at * CLASSES);
  });
  return result;
}
