import type { ImageModel } from '../family.ts';
import { logarithm } from '../fusion/fuse.ts';
import type { ImageExplanation, Part } from './explanation.ts';

/** Fine enough to point at a thing, coarse enough that a region covers some of it. */
const ROWS = 7;
const COLUMNS = 7;

type Regions = Omit<ImageExplanation, keyof Part>;

/** What each region did for the code of `column`; yields after each. `own` is that code's probability. */
export async function* explainPicture(
  model: ImageModel,
  pixels: Float32Array,
  column: number,
  own: number,
): AsyncGenerator<undefined, Regions> {
  const contributions: number[] = [];
  for (let row = 0; row < ROWS; row++) {
    for (let place = 0; place < COLUMNS; place++) {
      const features = await model.encode([covered(pixels, model.form.layout, row, place)]);
      const found = (await model.classify(features, 1))[column] as number;
      contributions.push(logarithm(own) - logarithm(found));
      yield;
    }
  }
  return { method: 'occlusion', rows: ROWS, columns: COLUMNS, contributions };
}

/** The picture with one region in its mean colour. */
function covered(
  pixels: Float32Array,
  layout: ImageModel['form']['layout'],
  row: number,
  column: number,
): Float32Array {
  const area = pixels.length / 3;
  const size = Math.sqrt(area);
  const [pixelStep, channelStep] = layout === 'NCHW' ? [1, area] : [3, 1];
  const edge = (part: number, parts: number) => Math.round((part * size) / parts);
  const result = pixels.slice();
  for (let channel = 0; channel < 3; channel++) {
    const start = channel * channelStep;
    let sum = 0;
    for (let pixel = 0; pixel < area; pixel++) sum += pixels[start + pixel * pixelStep] as number;
    const mean = sum / area;
    for (let y = edge(row, ROWS); y < edge(row + 1, ROWS); y++) {
      for (let x = edge(column, COLUMNS); x < edge(column + 1, COLUMNS); x++) {
        result[start + (y * size + x) * pixelStep] = mean;
      }
    }
  }
  return result;
}
