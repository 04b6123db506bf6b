import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { Probabilities } from '../../evaluation/rows.ts';
import { UNUSED } from '../../linear/solve-task.ts';
import type { JobContext } from '../../runtime/jobs.ts';
import type { StoredNgram } from '../ngram/model.ts';
import { learn } from '../ngram/out-of-fold.ts';
import { scaleHalves } from '../sentence/halves.ts';
import { learnHead } from '../sentence/learn-head.ts';
import type { SentenceStore } from '../sentence/store.ts';
import { calibrate, fitCalibration, logarithms } from './calibration.ts';
import { joinedScores } from './join.ts';
import type { StoredJoined } from './model.ts';
import type { JoinedParameters } from './parameters.ts';
import { shareOf } from './share.ts';
import type { TrainingRows } from './training-rows.ts';

const CLASSES = TYPE_CODES.length;

export interface LearnJoinedInput {
  readonly rows: TrainingRows;
  readonly parameters: JoinedParameters;
  readonly seed: number;
  readonly threads: number;
  /** Features of all rows' sentences; null: n-grams alone. */
  readonly sentences: { readonly store: SentenceStore; readonly featureSize: number } | null;
}

export interface LearnedJoined {
  readonly model: StoredJoined;
  /** Of every row, by models that did not see its fold: row-major [n * 27]; uniform without text. */
  readonly outOfFold: Probabilities;
}

/**
 * Learns both parts on the same folds, and from their out-of-fold rows how far each is to be believed. Rows of one
 * product share a fold; a row without text teaches nothing.
 */
export async function learnJoined(input: LearnJoinedInput, context: JobContext): Promise<LearnedJoined> {
  const { rows, seed, threads, sentences } = input;
  const { encoder: _, sentenceC, ...parameters } = input.parameters;
  const { classes, hasText } = rows;
  const rowWeights = rows.weights && { rowWeights: rows.weights };
  const words = shareOf(context, 0, sentences ? 0.6 : 1);
  const { rows: grams, idf } = rows.grams.finish(parameters);
  const learned = await learn({
    ...{ rows: grams, classes, groups: rows.products, parameters, seed, threads, signal: context.signal },
    ...rowWeights,
    onProgress: (fraction) => words.progress({ fraction, message: 'Learning the words of each code' }),
  });
  const { weights, bias, temperature, outOfFold, folds, foldCount } = learned;
  const ngram: StoredNgram = { parameters, temperature, idf, weights, bias };
  const readable = Uint32Array.from(hasText.keys()).filter((row) => hasText[row] === 1);
  const labels = readable.map((row) => classes[row] as number);

  const said = gather(outOfFold, readable);
  if (!sentences) {
    const honest = fitCalibration(logarithms(said), labels, CLASSES, 'answers');
    const together = calibrate(logarithms(said), CLASSES, honest);
    return {
      model: { ngram, honest, sentence: null },
      outOfFold: spread(together, readable, classes.length),
    };
  }
  const honest = fitCalibration(logarithms(said), labels, CLASSES, 'labels');
  const meaning = shareOf(context, 0.6, 1);
  const { model: head, scores } = await learnHead({
    features: readFeatures(rows, sentences),
    size: 2 * sentences.featureSize,
    ...{ labels: classes, classes: CLASSES, c: sentenceC, threads, signal: context.signal },
    ...rowWeights,
    folds: Uint8Array.from(hasText, (text, row) => (text === 1 ? (folds[row] as number) : UNUSED)),
    foldCount,
    onProgress: (fraction) => meaning.progress({ fraction, message: 'Learning the meaning of each code' }),
  });
  const meant = gather(scores, readable);
  const own = fitCalibration(meant, labels, CLASSES, 'labels');
  const joined = joinedScores(said, meant, CLASSES, { ngram: honest, sentence: own });
  const together = fitCalibration(joined, labels, CLASSES, 'answers');
  return {
    model: { ngram, honest, sentence: { head, own, together } },
    outOfFold: spread(calibrate(joined, CLASSES, together), readable, classes.length),
  };
}

/** [n * 2 * featureSize], in shared memory. */
function readFeatures(
  { classes, keys }: TrainingRows,
  { store, featureSize }: NonNullable<LearnJoinedInput['sentences']>,
): Float32Array {
  const size = 2 * featureSize;
  const features = new Float32Array(new SharedArrayBuffer(4 * classes.length * size));
  keys.forEach((key, at) => {
    store.read(key, features.subarray(at * featureSize, (at + 1) * featureSize));
  });
  for (let from = 0; from < features.length; from += size) scaleHalves(features.subarray(from, from + size));
  return features;
}

function gather(matrix: Float32Array, rows: Uint32Array): Float32Array {
  const result = new Float32Array(rows.length * CLASSES);
  rows.forEach((row, at) => {
    result.set(matrix.subarray(row * CLASSES, (row + 1) * CLASSES), at * CLASSES);
  });
  return result;
}

/** The other way round; uniform where nothing was said. */
function spread(probabilities: Probabilities, rows: Uint32Array, count: number): Probabilities {
  const result = new Float32Array(count * CLASSES).fill(1 / CLASSES);
  rows.forEach((row, at) => {
    result.set(probabilities.subarray(at * CLASSES, (at + 1) * CLASSES), row * CLASSES);
  });
  return result;
}
