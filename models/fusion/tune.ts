import type { Probabilities } from '../evaluation/rows.ts';
import { CLASSES, topClass } from '../evaluation/rows.ts';
import { minimise } from '../linear/lbfgs.ts';
import { honestTemperature } from './confidence.ts';
import { countRows, type Fusion, type FusionKind, join, logarithm, type ModelScores } from './fuse.ts';

export type LabelledScores = ModelScores & { readonly labels: ArrayLike<number> };

/** More rows than this tell nothing more of four numbers: of more, every second, third... is looked at. */
const ENOUGH = 10_000;

export interface Tuning extends Fusion {
  /** Accuracy of the weight on the rows that have both text and picture; 0 when there is none. */
  readonly accuracy: number;
  /** How many rows with both were looked at. */
  readonly rows: number;
  /** Accuracy over the text weight 0, 0.01 ... 1; empty when there is no such row. */
  readonly curve: readonly { readonly textWeight: number; readonly accuracy: number }[];
  /** A sentence for people when the weight could not be tuned. */
  readonly note: string | null;
}

/**
 * Finds how two models are best joined, and the temperatures at which answers are as sure as they are right. The rows
 * must be such that neither model has learnt from them. Only rows with both text and picture tell the weight:
 * convex takes the first of best accuracy on the grid of `curve`, as the original did; log-linear the weight of
 * least log loss, which a few rows tell better than their count of right answers.
 * @throws EtiquetteError SCORES_SHAPE_INVALID
 */
export function tune(scores: LabelledScores, kind: FusionKind): Tuning {
  const { hasText, hasPicture } = scores;
  const all = [...Array(countRows(scores)).keys()];
  const both = pick(
    scores,
    all.filter((row) => hasText[row] && hasPicture[row]),
  );
  const read = pick(scores, population(all, hasText, hasPicture));
  const seen = pick(scores, population(all, hasPicture, hasText));
  const alone = {
    textTemperature: honestTemperature(read.text, read.labels),
    imageTemperature: honestTemperature(seen.image, seen.labels),
  };
  const rows = both.labels.length;
  if (rows === 0) {
    const note = 'No row has both text and a picture, so the fusion was not tuned: text decides alone.';
    return { kind, textWeight: 1, temperature: 1, ...alone, accuracy: 0, rows, curve: [], note };
  }
  const curve = accuracyCurve(both, kind);
  const textWeight =
    kind === 'convex'
      ? curve.reduce((best, point) => (point.accuracy > best.accuracy ? point : best)).textWeight
      : likeliestWeight(both);
  const joined = joinAll(both, textWeight, kind);
  const right = both.labels.filter((label, row) => topClass(joined, row) === label).length;
  return {
    ...{ kind, textWeight, temperature: honestTemperature(joined, both.labels), ...alone },
    ...{ accuracy: right / rows, rows, curve, note: null },
  };
}

/** With fewer rows than this that have one of the two alone, those that have both tell how sure it may be. */
const FEW = 100;

/** The rows that will be answered by one model alone are not like the others: they decide where there are enough. */
function population(
  all: readonly number[],
  has: ArrayLike<number>,
  hasOther: ArrayLike<number>,
): readonly number[] {
  const having = all.filter((row) => has[row]);
  const alone = having.filter((row) => !hasOther[row]);
  return alone.length < FEW ? having : alone;
}

interface Picked {
  readonly text: Probabilities;
  readonly image: Probabilities;
  readonly labels: readonly number[];
}

function pick({ text, image, labels }: LabelledScores, all: readonly number[]): Picked {
  const stride = Math.ceil(all.length / ENOUGH);
  const rows = all.filter((_, at) => at % stride === 0);
  const take = (from: Probabilities) => {
    const taken = new Float32Array(rows.length * CLASSES);
    rows.forEach((row, at) => {
      taken.set(from.subarray(row * CLASSES, (row + 1) * CLASSES), at * CLASSES);
    });
    return taken;
  };
  return { text: take(text), image: take(image), labels: rows.map((row) => labels[row] as number) };
}

function joinAll({ text, image, labels }: Picked, textWeight: number, kind: FusionKind): Probabilities {
  const joined = new Float32Array(text.length);
  for (let row = 0; row < labels.length; row++) {
    const [from, to] = [row * CLASSES, (row + 1) * CLASSES];
    joined.set(join(text.subarray(from, to), image.subarray(from, to), textWeight, kind), from);
  }
  return joined;
}

/** The best code is the same before and after logarithms are exponentiated, so the curve leaves that out. */
function accuracyCurve({ text, image, labels }: Picked, kind: FusionKind): Tuning['curve'] {
  const scaled = (from: Probabilities) => (kind === 'convex' ? from : from.map(logarithm));
  const [read, seen] = [scaled(text), scaled(image)];
  const mixed = new Float64Array(CLASSES);
  return Array.from({ length: 101 }, (_, step) => {
    const textWeight = step / 100;
    let right = 0;
    labels.forEach((label, row) => {
      for (let column = 0; column < CLASSES; column++) {
        const cell = row * CLASSES + column;
        mixed[column] = textWeight * (read[cell] as number) + (1 - textWeight) * (seen[cell] as number);
      }
      if (topClass(mixed, 0) === label) right++;
    });
    return { textWeight, accuracy: right / labels.length };
  });
}

/** How far both exponents are drawn to one half each: rows that every weight gets right decide nothing. */
const PULL = 1e-3;

/** softmax(a log text + b log image) of least log loss, a convex problem; the share of a. */
function likeliestWeight({ text, image, labels }: Picked): number {
  const [read, seen] = [text.map(logarithm), image.map(logarithm)];
  const likelihoods = new Float64Array(CLASSES);
  const solution = minimise(
    (exponents, gradient) => {
      const [a, b] = exponents as unknown as [number, number];
      let loss = 0;
      let [slopeA, slopeB] = [0, 0];
      labels.forEach((label, row) => {
        const from = row * CLASSES;
        let largest = Number.NEGATIVE_INFINITY;
        for (let at = 0; at < CLASSES; at++) {
          const score = a * (read[from + at] as number) + b * (seen[from + at] as number);
          likelihoods[at] = score;
          largest = Math.max(largest, score);
        }
        const own = likelihoods[label] as number;
        let [total, meanRead, meanSeen] = [0, 0, 0];
        for (let at = 0; at < CLASSES; at++) {
          const likelihood = Math.exp((likelihoods[at] as number) - largest);
          total += likelihood;
          meanRead += likelihood * (read[from + at] as number);
          meanSeen += likelihood * (seen[from + at] as number);
        }
        loss += Math.log(total) + largest - own;
        slopeA += meanRead / total - (read[from + label] as number);
        slopeB += meanSeen / total - (seen[from + label] as number);
      });
      const n = labels.length;
      gradient[0] = slopeA / n + PULL * (a - 0.5);
      gradient[1] = slopeB / n + PULL * (b - 0.5);
      return loss / n + (PULL / 2) * ((a - 0.5) ** 2 + (b - 0.5) ** 2);
    },
    Float64Array.of(0.5, 0.5),
    { tolerance: 1e-6, iterations: 100 },
  );
  const [a, b] = solution.map((exponent) => Math.max(exponent, 0)) as unknown as [number, number];
  return a + b > 0 ? a / (a + b) : 0.5;
}
