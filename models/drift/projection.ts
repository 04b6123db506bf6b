import { random } from '../../data/random.ts';

/** Numbers that an encoder's features are reduced to. */
export const PLACE_SIZE = 16;
const SEED = 7;
/** Beyond lies nothing that was ever seen; it bounds what is stored. */
const FURTHEST = 999;

/** Signs by the number of features: an encoder's are drawn once. */
const drawn = new Map<number, Int8Array>();

/**
 * Where a product lies among others: its features, scaled to length 1, on 16 fixed random axes of -1 and 1
 * (Achlioptas 2003), in hundredths. Distances between places are those between features, roughly; from a place nobody
 * gets back to the product.
 */
export function placeOf(features: ArrayLike<number>): number[] {
  const size = features.length;
  const signs = signsOf(size);
  let squares = 0;
  for (let at = 0; at < size; at++) squares += (features[at] as number) ** 2;
  const factor = squares > 0 ? 100 / Math.sqrt(squares) : 0;
  return Array.from({ length: PLACE_SIZE }, (_, axis) => {
    let sum = 0;
    for (let at = 0, sign = axis * size; at < size; at++, sign++) {
      sum += (features[at] as number) * (signs[sign] as number);
    }
    const place = Math.round(factor * sum);
    // Written so that NaN stays NaN, and -0 is 0.
    return place > FURTHEST ? FURTHEST : place < -FURTHEST ? -FURTHEST : place + 0;
  });
}

function signsOf(size: number): Int8Array {
  let signs = drawn.get(size);
  if (!signs) {
    const next = random(SEED, 'drift', 'projection');
    signs = Int8Array.from({ length: size * PLACE_SIZE }, () => (next() < 0.5 ? -1 : 1));
    drawn.set(size, signs);
  }
  return signs;
}
