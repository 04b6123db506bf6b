import { isEtiquetteError } from '../../errors.ts';
import { fuse } from '../fusion/fuse.ts';
import type { PredictOutcome, PredictProduct } from '../runtime/jobs.ts';
import type { OpenBundle } from './open.ts';
import { CLASSES, copyRow, rowOf } from './rows.ts';

/** Answers products in one batch. One bad picture does not spoil the others. */
export async function predictProducts(
  { bundle, text: textModel, image: imageModel }: OpenBundle,
  products: readonly PredictProduct[],
): Promise<PredictOutcome[]> {
  const n = products.length;
  // Pictures are decoded by threads of their own, while this one reads the texts.
  const [prepared, text] = await Promise.all([
    Promise.all(
      products.map(({ picture }) => (picture ? imageModel.prepare(picture).catch(problemOf) : null)),
    ),
    textModel.predict(products),
  ]);
  const pixels = prepared.filter((one) => one instanceof Float32Array);
  const seen =
    pixels.length > 0
      ? await imageModel.classify(await imageModel.encode(pixels), pixels.length)
      : new Float32Array(0);
  const image = new Float32Array(n * CLASSES).fill(1 / CLASSES);
  let next = 0;
  prepared.forEach((one, index) => {
    if (one instanceof Float32Array) copyRow(seen, next++, image, index);
  });
  const hasText = products.map((product) => (textModel.reads(product) ? 1 : 0));
  const hasPicture = prepared.map((one) => (one instanceof Float32Array ? 1 : 0));
  const fused = fuse({ text, image, hasText, hasPicture }, bundle.fusion);
  return prepared.map((one, index) => {
    if (one && !(one instanceof Float32Array)) return { problem: one };
    return {
      probabilities: rowOf(fused, index),
      text: hasText[index] ? rowOf(text, index) : null,
      image: hasPicture[index] ? rowOf(image, index) : null,
    };
  });
}

/** Only a bad picture is the product's own problem; anything else must not pass for one. */
export function problemOf(error: unknown): { code: string; message: string } {
  if (isEtiquetteError(error) && error.code.startsWith('PICTURE_')) {
    return { code: error.code, message: error.message };
  }
  throw error;
}
