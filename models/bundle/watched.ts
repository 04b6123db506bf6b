import { type DriftFeatures, driftFeatures, type Predicted } from '../drift/features.ts';
import type { KnownWords } from '../drift/known-words.ts';
import { pictureSize } from '../drift/picture-size.ts';
import type { PixelForm, SeenPicture } from '../drift/picture-statistics.ts';
import { readPictureHeader } from '../image/picture-format.ts';

/** A decoded picture as the record wants it: with the size that its file says. */
export async function seenPicture(
  file: Uint8Array,
  pixels: Float32Array,
  form: PixelForm,
): Promise<SeenPicture> {
  const { width, height } = pictureSize(file) ?? (await readPictureHeader(file));
  return { pixels, form, width, height };
}

/** What the stream is watched by. Where it cannot be had, the answer must not suffer: null, and the console says why. */
export function watchedOf(predicted: Predicted, known: KnownWords): DriftFeatures | null {
  try {
    return driftFeatures(predicted, known);
  } catch (error) {
    console.warn(`an answer is not watched: ${error}`);
    return null;
  }
}
