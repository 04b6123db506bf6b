import { EtiquetteError } from '../../errors.ts';
import type { Probabilities } from '../evaluation/rows.ts';
import { CLASSES } from '../evaluation/rows.ts';

/** What both models said about n products. `hasText` and `hasPicture` hold n flags: 0 is no, else yes. */
export interface ModelScores {
  readonly text: Probabilities;
  readonly image: Probabilities;
  readonly hasText: ArrayLike<number>;
  readonly hasPicture: ArrayLike<number>;
}

/**
 * How the probabilities of a product's text and picture become one. convex: their weighted mean, as the original
 * did. log-linear: their weighted geometric mean, in which a model that is sure counts more than one that is not.
 */
export type FusionKind = 'convex' | 'log-linear';

/**
 * How a bundle joins its two models and says how sure it is. A temperature below 1 sharpens probabilities, above 1
 * softens them, and never changes their order. Each case has its own: an answer from both models must be sharpened,
 * one from text alone hardly.
 */
export interface Fusion {
  readonly kind: FusionKind;
  /** 0..1: the share of the text model where a product has both. */
  readonly textWeight: number;
  /** Of products with both. */
  readonly temperature: number;
  /** Of products with text alone. */
  readonly textTemperature: number;
  /** Of products with a picture alone. */
  readonly imageTemperature: number;
}

/** An unlikely code counts as so likely at least: no model can veto what the other is sure of. */
const LEAST = 1e-12;

/**
 * Joins and calibrates, row by row: row-major [n * 27], each row sums to 1. A product without a picture is judged
 * by its text alone, one without text by its picture alone, one with neither gets a uniform row.
 * @throws EtiquetteError SCORES_SHAPE_INVALID, FUSION_WEIGHT_INVALID
 */
export function fuse(scores: ModelScores, fusion: Fusion): Probabilities {
  const { text, image, hasText, hasPicture } = scores;
  const rows = countRows(scores);
  if (!(fusion.textWeight >= 0 && fusion.textWeight <= 1)) {
    throw new EtiquetteError(
      'FUSION_WEIGHT_INVALID',
      `The text weight must be in 0..1, not ${fusion.textWeight}.`,
    );
  }
  const fused = new Float32Array(rows * CLASSES).fill(1 / CLASSES);
  for (let row = 0; row < rows; row++) {
    const from = row * CLASSES;
    const read = text.subarray(from, from + CLASSES);
    const seen = image.subarray(from, from + CLASSES);
    const out = fused.subarray(from, from + CLASSES);
    if (hasText[row] && hasPicture[row]) {
      temper(join(read, seen, fusion.textWeight, fusion.kind), fusion.temperature, out);
    } else if (hasText[row]) temper(read, fusion.textTemperature, out);
    else if (hasPicture[row]) temper(seen, fusion.imageTemperature, out);
  }
  return fused;
}

/** One product's joined probabilities; they sum to 1. */
export function join(
  text: Float32Array,
  image: Float32Array,
  textWeight: number,
  kind: FusionKind,
): Float64Array {
  const joined = new Float64Array(text.length);
  if (kind === 'log-linear') {
    for (let at = 0; at < text.length; at++) {
      joined[at] = textWeight * logarithm(text[at] ?? 0) + (1 - textWeight) * logarithm(image[at] ?? 0);
    }
    return softmax(joined);
  }
  for (let at = 0; at < text.length; at++) {
    joined[at] = textWeight * (text[at] ?? 0) + (1 - textWeight) * (image[at] ?? 0);
  }
  return joined;
}

export function logarithm(probability: number): number {
  return Math.log(Math.max(probability, LEAST));
}

/** The number of rows. @throws EtiquetteError SCORES_SHAPE_INVALID */
export function countRows({ text, image, hasText, hasPicture }: ModelScores): number {
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

/** probability ^ (1 / temperature), scaled to sum to 1; at 1 as they are, to the bit. */
function temper(probabilities: Float32Array | Float64Array, temperature: number, out: Float32Array): void {
  if (temperature === 1) out.set(probabilities);
  else out.set(softmax(Float64Array.from(probabilities, (one) => logarithm(one) / temperature)));
}

/** In place. */
function softmax(scores: Float64Array): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const score of scores) largest = Math.max(largest, score);
  let total = 0;
  for (let at = 0; at < scores.length; at++) {
    scores[at] = Math.exp((scores[at] as number) - largest);
    total += scores[at] as number;
  }
  for (let at = 0; at < scores.length; at++) scores[at] = (scores[at] as number) / total;
  return scores;
}
