/**
 * What the head reads of a product, [2 * featureSize]: the features of its designation, then those of the whole.
 * Scales each half to length 1, in place: neither speaks louder for the length of its text.
 */
export function scaleHalves(row: Float32Array): void {
  const size = row.length / 2;
  for (const half of [row.subarray(0, size), row.subarray(size)]) {
    let squares = 0;
    for (const value of half) squares += value * value;
    const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let at = 0; at < size; at++) half[at] = (half[at] as number) * factor;
  }
}
