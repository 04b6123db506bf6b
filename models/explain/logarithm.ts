/** A probability that underflowed to 0 counts as the smallest float32 instead of minus infinity. */
export function logarithm(probability: number): number {
  return Math.log(Math.max(probability, 1e-38));
}
