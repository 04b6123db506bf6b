import { fitSoftmax, type SoftmaxModel, softmaxScores } from '../../linear/softmax.ts';
import { softmaxOf } from '../../linear/temperature.ts';

/** Features of the same pictures as they are and in the mirror, each row-major [n * size]. */
export interface BothWays {
  readonly plain: Float32Array;
  readonly mirrored: Float32Array;
  readonly size: number;
}

/** Of 0.03 to 30, the best on out-of-fold rows of the Rakuten sample, though 3 to 30 hardly differ. */
const C = 10;
const FIT = { c: C, balanced: false, tolerance: 1e-4, iterations: 200 };

/**
 * A linear classifier of pictures by their features: each picture is learnt from twice, as it is and in the
 * mirror, since a product is the same from either side.
 * @param labels n class indexes
 */
export function trainHead(
  { plain, mirrored, size }: BothWays,
  labels: readonly number[],
  classes: number,
): SoftmaxModel {
  const features = new Float32Array(plain.length * 2);
  features.set(unitLength(plain, size));
  features.set(unitLength(mirrored, size), plain.length);
  return fitSoftmax({ features, size, labels: [...labels, ...labels], classes, ...FIT });
}

/** @returns probabilities, row-major [n * classes]: the mean of both views' */
export function predictHead(model: SoftmaxModel, { plain, mirrored, size }: BothWays): Float32Array {
  const classes = model.bias.length;
  const [first, second] = [plain, mirrored].map((features) =>
    softmaxOf(softmaxScores(model, unitLength(features, size), size), classes, 1),
  ) as [Float32Array, Float32Array];
  return first.map((probability, at) => (probability + (second[at] as number)) / 2);
}

/** Rows of length 1: a picture's contrast says nothing of its class. */
function unitLength(features: Float32Array, size: number): Float32Array {
  const rows = features.slice();
  for (let from = 0; from < rows.length; from += size) {
    const row = rows.subarray(from, from + size);
    let squares = 0;
    for (const value of row) squares += value * value;
    const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let at = 0; at < size; at++) row[at] = (row[at] as number) * factor;
  }
  return rows;
}
