import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { ExplainedBundle } from '../../../models/explain/product.ts';
import type { ImageModel, TextModel } from '../../../models/family.ts';
import { decodePicture } from '../../../models/image/picture.ts';
import { wordsOf } from '../../../models/text/words.ts';

const CLASSES = TYPE_CODES.length;
const POOL = TYPE_CODES.indexOf(2583);
const TOYS = TYPE_CODES.indexOf(1280);
/** Two pixels for each of 7 x 7 regions. */
const SIZE = 14;

/** A row that is sure of `column` with `probability`. */
function row(column: number, probability: number): Float32Array {
  const probabilities = new Float32Array(CLASSES).fill((1 - probability) / (CLASSES - 1));
  probabilities[column] = probability;
  return probabilities;
}

function rows(probabilities: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(probabilities.length * CLASSES);
  probabilities.forEach((one, at) => {
    all.set(one, at * CLASSES);
  });
  return all;
}

/** Sure of pools where the word "piscine" is, of toys elsewhere. Counts what it is asked. */
export function textModel(): TextModel & { asked: number } {
  return {
    asked: 0,
    reads: (product) => wordsOf(product).length > 0,
    async predict(products) {
      this.asked += products.length;
      const says = (text: string) => (/piscine/i.test(text) ? row(POOL, 0.9) : row(TOYS, 0.9));
      return rows(products.map(({ designation, description }) => says(`${designation} ${description}`)));
    },
    dispose() {},
  };
}

/** Sees pools where the picture is light at one region (row 2, column 5 of 7), toys where it is not. */
export function imageModel(layout: ImageModel['form']['layout']): ImageModel {
  const at = (2 * 2 * SIZE + 5 * 2) * (layout === 'NCHW' ? 1 : 3);
  return {
    form: { layout, channels: [0, 1, 2], mean: [0, 0, 0], scale: [1, 1, 1] },
    featureSize: 1,
    async prepare(picture) {
      const pixels = await decodePicture(picture, { size: SIZE, mode: 'raw', resize: 'lanczos' });
      if (layout === 'NHWC') return pixels;
      const area = SIZE * SIZE;
      return pixels.map((_, cell) => pixels[(cell % area) * 3 + Math.floor(cell / area)]!);
    },
    encode: async (pictures) => Float32Array.from(pictures, (pixels) => pixels[at]!),
    classify: async (features) =>
      rows(Array.from(features, (light) => (light > 200 ? row(POOL, 0.8) : row(TOYS, 0.8)))),
    dispose() {},
  };
}

export function explained(overrides: Partial<ExplainedBundle> = {}): ExplainedBundle {
  return {
    bundle: {
      labels: [...TYPE_CODES],
      fusion: { kind: 'convex', textWeight: 0.6, temperature: 1, textTemperature: 1, imageTemperature: 1 },
    },
    text: textModel(),
    image: imageModel('NCHW'),
    ...overrides,
  };
}
