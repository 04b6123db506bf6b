import type { Bundle } from '../bundle/format.ts';
import { CLASSES, topClass } from '../evaluation/rows.ts';
import type { ImageModel, TextModel } from '../family.ts';
import { fuse } from '../fusion/calibration.ts';
import type { ExplainInput, Explanation } from './explanation.ts';
import { drawHeatMap } from './heat-map.ts';
import { explainPicture } from './picture.ts';
import { explainText } from './text.ts';

/** A bundle in memory: what an explanation asks. */
export interface ExplainedBundle {
  readonly bundle: Pick<Bundle, 'labels' | 'fusion'>;
  readonly text: TextModel;
  readonly image: ImageModel;
}

/**
 * Says what spoke for a product's code: the words, by the weights or by leaving them out, and the picture's
 * regions, by covering them. It yields after each step of some milliseconds (the predictions of a few texts or
 * one picture), so that others can be served between two. The same product always gives the same numbers.
 * @throws EtiquetteError PICTURE_... when the picture cannot be used
 */
export async function* explainProduct(
  { bundle, text, image }: ExplainedBundle,
  { product, code, heatMap }: ExplainInput,
): AsyncGenerator<undefined, Explanation> {
  const pixels = product.picture ? await image.prepare(product.picture) : null;
  const hasText = text.reads(product);
  const uniform = new Float32Array(CLASSES).fill(1 / CLASSES);
  const said = {
    text: hasText ? await text.predict([product]) : uniform,
    image: pixels ? await image.classify(await image.encode([pixels]), 1) : uniform,
  };
  const flags = { hasText: [hasText ? 1 : 0], hasPicture: [pixels ? 1 : 0] };
  const fused = fuse({ ...said, ...flags }, bundle.fusion);
  if (fused.some(Number.isNaN)) throw new Error('the bundle answered with something that is no probability');
  const column = code === null ? topClass(fused, 0) : bundle.labels.indexOf(code);
  if (column < 0) throw new Error(`the bundle has no code ${code}`);
  const own = { text: said.text[column] as number, image: said.image[column] as number };
  const textWeight = hasText ? (pixels ? bundle.fusion.textWeight : 1) : 0;
  const joined = textWeight * own.text + (1 - textWeight) * own.image;
  const textShare = joined > 0 ? (textWeight * own.text) / joined : textWeight;
  yield;

  const words = hasText ? yield* explainText(text, product, column, own.text) : null;
  const regions = pixels ? yield* explainPicture(image, pixels, column, own.image) : null;
  return {
    code: bundle.labels[column] as number,
    confidence: fused[column] as number,
    text: words && { ...words, weight: textWeight, confidence: own.text, share: textShare },
    image: regions && {
      ...regions,
      weight: 1 - textWeight,
      confidence: own.image,
      share: 1 - textShare,
    },
    heatMap: heatMap && regions && product.picture ? await drawHeatMap(product.picture, regions) : null,
  };
}
