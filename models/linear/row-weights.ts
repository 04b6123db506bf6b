/** Of rows that count more than once, in shared memory; null when each counts once, so that nothing is multiplied. */
export function rowWeights(weights: readonly number[]): Float32Array | null {
  if (weights.every((weight) => weight === 1)) return null;
  const shared = new Float32Array(new SharedArrayBuffer(4 * weights.length));
  shared.set(weights);
  return shared;
}
