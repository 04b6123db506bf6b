/**
 * A seeded random generator (mulberry32): the same seed gives the same numbers on every platform.
 * Streams are named so that adding one never shifts another.
 * @example const next = random(42, 'shuffle', epoch); next(); // in [0, 1)
 */
export function random(seed: number, ...stream: ReadonlyArray<string | number>): () => number {
  let state = seed >>> 0;
  for (const part of stream) {
    for (const character of `${part}/`) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
  }
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Fisher-Yates on a copy. */
export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const pick = Math.floor(next() * (last + 1));
    const swap = result[last] as T;
    result[last] = result[pick] as T;
    result[pick] = swap;
  }
  return result;
}
