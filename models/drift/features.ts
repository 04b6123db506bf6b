import { z } from 'zod';
import type { ProductText } from '../../data/catalogue.ts';
import { TYPE_CODES, type TypeCode } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import type { KnownWords } from './known-words.ts';
import { LANGUAGES } from './language.ts';
import { pictureStatistics, type SeenPicture } from './picture-statistics.ts';
import { PLACE_SIZE, placeOf } from './projection.ts';
import { textStatistics } from './text-statistics.ts';

const whole = z.number().int().min(0);
const perMille = whole.max(1000);
const place = z.array(z.number().int().min(-999).max(999)).length(PLACE_SIZE);

/** What is kept of a prediction to watch the stream by: some 250 bytes of JSON, nothing of the text or the picture. */
export const driftFeaturesSchema = z.strictObject({
  code: z.literal(TYPE_CODES),
  /** Confidence, and how far it lies above the second code's; per mille. */
  answer: z.tuple([perMille, perMille]),
  /** See TextStatistics; null: no word to read. */
  text: z.tuple([whole, whole, perMille, whole.max(LANGUAGES.length - 1)]).nullable(),
  /** See PictureStatistics; null: no picture. */
  picture: z.tuple([whole, whole, whole.max(255), whole.max(255), perMille, perMille]).nullable(),
  /** Where the text and the picture lie among others, see `placeOf`; null: there was no encoder, or nothing to encode. */
  read: place.nullable(),
  seen: place.nullable(),
});
export type DriftFeatures = z.infer<typeof driftFeaturesSchema>;

/** A product with what its models computed for the answer anyway. */
export interface Predicted {
  readonly product: ProductText;
  /** [27], in TYPE_CODES order. */
  readonly probabilities: ArrayLike<number>;
  readonly picture: SeenPicture | null;
  /** Of the sentence encoder and the picture encoder, as they come out. */
  readonly textFeatures: ArrayLike<number> | null;
  readonly pictureFeatures: ArrayLike<number> | null;
}

/**
 * Computed beside the answer, in some 100 microseconds.
 * @throws EtiquetteError DRIFT_FEATURES_INVALID when probabilities, pixels or features hold something that is no number
 */
export function driftFeatures(predicted: Predicted, known: KnownWords): DriftFeatures {
  const { product, probabilities, picture, textFeatures, pictureFeatures } = predicted;
  const [top, first, second] = topTwo(probabilities);
  const features: DriftFeatures = {
    code: TYPE_CODES[top] as TypeCode,
    answer: [Math.round(1000 * first), Math.round(1000 * (first - second))],
    text: textStatistics(product, known),
    picture: picture && pictureStatistics(picture),
    read: textFeatures && placeOf(textFeatures),
    seen: pictureFeatures && placeOf(pictureFeatures),
  };
  const { answer, picture: statistics, read, seen } = features;
  if (![answer, statistics, read, seen].every((part) => part?.every(Number.isFinite) ?? true)) {
    throw new EtiquetteError(
      'DRIFT_FEATURES_INVALID',
      'An answer, a picture or its features hold something that is no number. Look at the model that gave them.',
    );
  }
  return features;
}

/** Index of the largest, its value, and the second largest value; NaN wherever one of them is. */
function topTwo(probabilities: ArrayLike<number>): [number, number, number] {
  let [top, first, second] = [0, 0, 0];
  for (let column = 0; column < probabilities.length; column++) {
    const value = probabilities[column] as number;
    if (Number.isNaN(value)) return [0, value, value];
    if (value > first) [top, first, second] = [column, value, first];
    else if (value > second) second = value;
  }
  return [top, first, second];
}
