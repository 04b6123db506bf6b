import { TYPE_CODES, type TypeCode } from '../../../data/type-codes.ts';
import { type CodeScores, perCodeOf } from '../classification.ts';
import { ratio, sum } from '../rows.ts';
import { errorAfter, fitLearningCurve, type LearningCurve } from './learning-curve.ts';

/**
 * What would help a code most: a look at its given codes, a clearer line to one other code, more rows, nothing
 * urgent, or there are too few rows to say.
 */
export const ACTIONS = ['check-labels', 'draw-the-line', 'more-rows', 'fine', 'too-few-to-tell'] as const;
export type Action = (typeof ACTIONS)[number];

export interface CodeAdvice extends CodeScores {
  /** 95 % interval of `f1`. */
  readonly f1Interval: readonly [number, number];
  /** Rows the judged model learnt from; null when that is not known. */
  readonly trainingRows: number | null;
  /** Rows given this code that are clearly contradicted: suspected label errors by a wide margin. */
  readonly suspects: number;
  /** The code that its products are most often taken for. */
  readonly takenFor: { readonly code: TypeCode; readonly count: number } | null;
  /** Whether so many are taken for that code that the two overlap. */
  readonly overlaps: boolean;
  readonly action: Action;
  /** As many rows again, and the range in which F1 would then lie; null when F1 or the rows are not known. */
  readonly doubled: { readonly rows: number; readonly f1: readonly [number, number] } | null;
}

export interface AdviceInput {
  /** [27][27] counts, given code down, predicted code across, of rows that the model had not seen. */
  readonly matrix: readonly (readonly number[])[];
  /** By class index; null when it is not known what the model learnt from. */
  readonly trainingRows: readonly number[] | null;
  /** By class index of the given code. */
  readonly suspects: readonly number[];
}

const LEAST_ROWS = 5;
const FINE = 0.9;
/** Below these shares a handful of rows would decide. */
const SUSPECT_SHARE = 0.1;
const LINE_SHARE_OF_MISSED = 0.3;
const LINE_SHARE_OF_CODE = 0.1;
const LEAST_COUNT = 3;

export function adviseCodes(input: AdviceInput): { codes: CodeAdvice[]; curve: LearningCurve } {
  const { matrix, trainingRows, suspects } = input;
  const scores = perCodeOf(matrix);
  const curve = fitLearningCurve(
    scores.map(({ f1, support }, label) => ({
      rows: trainingRows?.[label] ?? 0,
      error: 1 - f1,
      weight: support >= LEAST_ROWS ? support : 0,
    })),
  );
  const codes = scores.map((score, label): CodeAdvice => {
    const rows = trainingRows?.[label] ?? null;
    const row = matrix[label] ?? [];
    const takenFor = worstOf(row, label);
    const missed = score.support - (row[label] ?? 0);
    const suspected = suspects[label] ?? 0;
    const told = score.support >= LEAST_ROWS;
    const line = Math.max(LEAST_COUNT, LINE_SHARE_OF_MISSED * missed, LINE_SHARE_OF_CODE * score.support);
    const overlaps = told && (takenFor?.count ?? 0) >= line;
    const after = errorAfter(1 - score.f1, 2, curve);
    return {
      ...score,
      f1Interval: f1Interval(matrix, label),
      trainingRows: rows,
      suspects: suspected,
      takenFor,
      overlaps,
      action: actionOf(score, suspected, overlaps),
      doubled: rows && told ? { rows, f1: [1 - after.worst, 1 - after.best] } : null,
    };
  });
  return { codes, curve };
}

function actionOf(score: CodeScores, suspected: number, overlaps: boolean): Action {
  if (score.support < LEAST_ROWS) return 'too-few-to-tell';
  if (suspected >= LEAST_COUNT && suspected >= SUSPECT_SHARE * score.support) return 'check-labels';
  if (score.f1 >= FINE) return 'fine';
  return overlaps ? 'draw-the-line' : 'more-rows';
}

function worstOf(row: readonly number[], label: number): CodeAdvice['takenFor'] {
  const others = row.map((count, other) => (other === label ? 0 : count));
  const count = Math.max(...others);
  const code = TYPE_CODES[others.indexOf(count)];
  return count === 0 || code === undefined ? null : { code, count };
}

/**
 * Wilson's interval of right / (right + missed + wrongly taken), carried over to F1 = 2j / (1 + j), which rises with
 * that share.
 */
function f1Interval(matrix: readonly (readonly number[])[], label: number): [number, number] {
  const right = matrix[label]?.[label] ?? 0;
  const n = sum(matrix[label] ?? []) + sum(matrix.map((row) => row[label] ?? 0)) - right;
  if (n === 0) return [0, 1];
  const z = 1.96;
  const share = ratio(right, n);
  const centre = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const margin = (z / (1 + z ** 2 / n)) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  const f1 = (j: number) => (2 * j) / (1 + j);
  return [f1(Math.max(0, centre - margin)), f1(Math.min(1, centre + margin))];
}
