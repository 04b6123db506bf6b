import { EtiquetteError } from '../../errors.ts';
import { CLASSES, topClass } from '../evaluation/rows.ts';
import type { Probabilities } from '../family.ts';

/** What both models said about n products. `hasText` and `hasPicture` hold n flags: 0 is no, else yes. */
export interface ModelScores {
  readonly text: Probabilities;
  readonly image: Probabilities;
  readonly hasText: ArrayLike<number>;
  readonly hasPicture: ArrayLike<number>;
}

/**
 * Joins text and image probabilities: `textWeight * text + (1 - textWeight) * image`, row by row.
 * A product without a picture is judged by its text alone, one without text by its picture alone, one with
 * neither gets a uniform row. Returns a row-major [n * 27] array whose rows sum to 1.
 */
export function fuseConvex(input: ModelScores & { readonly textWeight: number }): Probabilities {
  const { text, image, hasText, hasPicture, textWeight } = input;
  const rows = countRows(input);
  if (!(textWeight >= 0 && textWeight <= 1)) {
    throw new EtiquetteError('FUSION_WEIGHT_INVALID', `The text weight must be in 0..1, not ${textWeight}.`);
  }
  const fused = new Float32Array(rows * CLASSES);
  for (let row = 0; row < rows; row++) {
    const weight = hasText[row] ? (hasPicture[row] ? textWeight : 1) : hasPicture[row] ? 0 : undefined;
    for (let cell = row * CLASSES; cell < (row + 1) * CLASSES; cell++) {
      fused[cell] =
        weight === undefined ? 1 / CLASSES : weight * (text[cell] ?? 0) + (1 - weight) * (image[cell] ?? 0);
    }
  }
  return fused;
}

export interface ConvexTuning {
  readonly textWeight: number;
  /** Accuracy of that weight on the rows that have both text and picture; 0 when there is none. */
  readonly accuracy: number;
  /** How many rows have both. */
  readonly rows: number;
  /** The whole grid, textWeight ascending; empty when there is no such row. */
  readonly curve: readonly { readonly textWeight: number; readonly accuracy: number }[];
  /** A sentence for people when the weight could not be tuned. */
  readonly note: string | null;
}

/**
 * Finds the text weight of best accuracy on the grid 0, 0.01 ... 1. Only rows with both text and picture
 * count, as the weight changes no other row. The first best wins: of equal accuracies the smallest text
 * weight is kept, as the original did.
 */
export function tuneConvex(input: ModelScores & { readonly labels: ArrayLike<number> }): ConvexTuning {
  const { text, image, hasText, hasPicture, labels } = input;
  const both: number[] = [];
  for (let row = 0; row < countRows(input); row++) if (hasText[row] && hasPicture[row]) both.push(row);
  if (both.length === 0) {
    const note = 'No row has both text and a picture, so the fusion was not tuned: text decides alone.';
    return { textWeight: 1, accuracy: 0, rows: 0, curve: [], note };
  }

  const curve: { textWeight: number; accuracy: number }[] = [];
  let best = { textWeight: 0, accuracy: -1 };
  const mixed = new Float64Array(CLASSES);
  for (let step = 0; step <= 100; step++) {
    const textWeight = step / 100;
    let right = 0;
    for (const row of both) {
      for (let column = 0; column < CLASSES; column++) {
        const cell = row * CLASSES + column;
        mixed[column] = textWeight * (text[cell] ?? 0) + (1 - textWeight) * (image[cell] ?? 0);
      }
      if (topClass(mixed, 0) === labels[row]) right++;
    }
    const point = { textWeight, accuracy: right / both.length };
    curve.push(point);
    if (point.accuracy > best.accuracy) best = point;
  }
  return { ...best, rows: both.length, curve, note: null };
}

function countRows({ text, image, hasText, hasPicture }: ModelScores): number {
  const rows = hasText.length;
  if (hasPicture.length !== rows || text.length !== rows * CLASSES || image.length !== rows * CLASSES) {
    throw new EtiquetteError(
      'SCORES_SHAPE_INVALID',
      `Scores of ${rows} rows need ${rows * CLASSES} numbers a model and ${rows} flags; ` +
        `got text ${text.length}, image ${image.length}, hasPicture ${hasPicture.length}.`,
    );
  }
  return rows;
}
