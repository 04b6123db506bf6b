const BINS = 20;

/**
 * Edges between about 20 bins of equal share; bin i holds values in [edges[i-1], edges[i]). An edge lies halfway
 * between two values that were seen. Where many rows share the least or the largest value, that value has a bin of
 * its own and what lies beyond another, so that black pictures are told from dark ones.
 */
export function binEdges(values: readonly number[]): number[] {
  const groups = groupsOf(values);
  const [least, largest] = [groups[0], groups.at(-1)];
  if (!least || !largest) return [];
  const share = values.length / BINS;
  const edges: number[] = [];
  if (least.count >= share) edges.push(least.value - gap(least.value));
  let filled = 0;
  groups.forEach(({ value, count }, at) => {
    const before = groups[at - 1];
    // Closes the bin where it is nearer to full: before this value's rows, or after.
    if (before && (filled >= share || share - filled < filled + count - share)) {
      edges.push((before.value + value) / 2);
      filled = 0;
    }
    filled += count;
  });
  if (largest.count >= share) edges.push(largest.value + gap(largest.value));
  return edges;
}

function groupsOf(values: readonly number[]): { readonly value: number; count: number }[] {
  const groups: { readonly value: number; count: number }[] = [];
  for (const value of [...values].sort((a, b) => a - b)) {
    const last = groups.at(-1);
    if (last?.value === value) last.count += 1;
    else groups.push({ value, count: 1 });
  }
  return groups;
}

/** Less than values, which are rounded, can differ by. */
const gap = (value: number) => Math.max(1e-4, Math.abs(value) * 1e-4);

export function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < (edges[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
