import { isEtiquetteError } from '../../errors.ts';
import type { SeenPicture } from '../drift/picture-statistics.ts';
import type { TextModel, TextReading } from '../family.ts';
import { fuse } from '../fusion/fuse.ts';
import type { PredictOutcome, PredictProduct } from '../runtime/jobs.ts';
import type { OpenBundle } from './open.ts';
import { CLASSES, copyRow, rowOf } from './rows.ts';
import { seenPicture, watchedOf } from './watched.ts';

interface Decoded {
  readonly pixels: Float32Array;
  /** null where nobody watches. */
  readonly seen: SeenPicture | null;
}

/**
 * Answers products in one batch. One bad picture does not spoil the others. What the stream is watched by comes from what
 * the models computed anyway.
 */
export async function predictProducts(
  { bundle, text: textModel, image: imageModel, known }: OpenBundle,
  products: readonly PredictProduct[],
): Promise<PredictOutcome[]> {
  const n = products.length;
  // Pictures are decoded by threads of their own, while this one reads the texts.
  const [prepared, { probabilities: text, features: textFeatures }] = await Promise.all([
    Promise.all(products.map(({ picture }) => (picture ? decode(picture).catch(problemOf) : null))),
    readTexts(textModel, products),
  ]);
  const pixels = prepared.flatMap((one) => (isDecoded(one) ? [one.pixels] : []));
  const features = pixels.length > 0 ? await imageModel.encode(pixels) : new Float32Array(0);
  const classified = pixels.length > 0 ? await imageModel.classify(features, pixels.length) : features;
  const image = new Float32Array(n * CLASSES).fill(1 / CLASSES);
  const pictureFeatures: (Float32Array | null)[] = prepared.map(() => null);
  const { featureSize } = imageModel;
  let next = 0;
  prepared.forEach((one, index) => {
    if (!isDecoded(one)) return;
    pictureFeatures[index] = features.subarray(next * featureSize, (next + 1) * featureSize);
    copyRow(classified, next++, image, index);
  });
  const hasText = products.map((product) => (textModel.reads(product) ? 1 : 0));
  const hasPicture = prepared.map((one) => (isDecoded(one) ? 1 : 0));
  const fused = fuse({ text, image, hasText, hasPicture }, bundle.fusion);
  return products.map((product, index) => {
    const one = prepared[index] ?? null;
    if (one !== null && !isDecoded(one)) return { problem: one };
    const probabilities = rowOf(fused, index);
    const predicted = {
      ...{ product, probabilities, picture: one?.seen ?? null },
      ...{ textFeatures: textFeatures[index] ?? null, pictureFeatures: pictureFeatures[index] ?? null },
    };
    return {
      probabilities,
      text: hasText[index] ? rowOf(text, index) : null,
      image: hasPicture[index] ? rowOf(image, index) : null,
      features: known && watchedOf(predicted, known),
    };
  });

  async function decode(picture: Uint8Array): Promise<Decoded> {
    const pixels = await imageModel.prepare(picture);
    return { pixels, seen: known && (await seenPicture(picture, pixels, imageModel.form)) };
  }
}

async function readTexts(model: TextModel, products: readonly PredictProduct[]): Promise<TextReading> {
  if (model.read) return model.read(products);
  return { probabilities: await model.predict(products), features: [] };
}

function isDecoded(prepared: Decoded | object | null): prepared is Decoded {
  return prepared !== null && 'pixels' in prepared;
}

/** Only a bad picture is the product's own problem; anything else must not pass for one. */
export function problemOf(error: unknown): { code: string; message: string } {
  if (isEtiquetteError(error) && error.code.startsWith('PICTURE_')) {
    return { code: error.code, message: error.message };
  }
  throw error;
}
