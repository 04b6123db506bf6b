import type { Bundle } from '../bundle/format.ts';
import { CLASSES, topClass } from '../evaluation/rows.ts';
import type { ImageModel, TextModel } from '../family.ts';
import { fuse, logarithm } from '../fusion/fuse.ts';
import type { ExplainInput } from '../runtime/jobs.ts';
import type { Explanation } from './explanation.ts';
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
  const answer = (withText: boolean, withPicture: boolean) =>
    fuse({ ...said, hasText: [withText ? 1 : 0], hasPicture: [withPicture ? 1 : 0] }, bundle.fusion);
  const fused = answer(hasText, pixels !== null);
  if (fused.some(Number.isNaN)) throw new Error('the bundle answered with something that is no probability');
  const column = code === null ? topClass(fused, 0) : bundle.labels.indexOf(code);
  if (column < 0) throw new Error(`the bundle has no code ${code}`);
  const probability = (row: Float32Array) => row[column] as number;
  const alone = {
    text: probability(answer(hasText, false)),
    image: probability(answer(false, pixels !== null)),
  };
  const confidence = probability(fused);
  /** Of a part beside the other one: see `Part.contribution`. */
  const contribution = (own: number, other: number) =>
    (logarithm(own) + Math.log(CLASSES) + logarithm(confidence) - logarithm(other)) / 2;
  const textWeight = hasText ? (pixels ? bundle.fusion.textWeight : 1) : 0;
  yield;

  const words = hasText ? yield* explainText(text, product, column, probability(said.text)) : null;
  const regions = pixels ? yield* explainPicture(image, pixels, column, probability(said.image)) : null;
  return {
    code: bundle.labels[column] as number,
    confidence,
    text: words && {
      ...words,
      weight: textWeight,
      confidence: alone.text,
      contribution: contribution(alone.text, alone.image),
    },
    image: regions && {
      ...regions,
      weight: 1 - textWeight,
      confidence: alone.image,
      contribution: contribution(alone.image, alone.text),
    },
    heatMap: heatMap && regions && product.picture ? await drawHeatMap(product.picture, regions) : null,
  };
}
