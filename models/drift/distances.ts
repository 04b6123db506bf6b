/** Counts of two samples over the same cells. */
type Counts = ArrayLike<number>;
/** What an empty cell counts as, and every cell more than it holds: nothing is impossible. */
const HALF = 0.5;

const total = (counts: Counts) => {
  let sum = 0;
  for (let at = 0; at < counts.length; at++) sum += counts[at] as number;
  return sum;
};

/** Population stability index, symmetric, in nats; 0: the same shares. */
export function stabilityIndex(then: Counts, now: Counts): number {
  const [m, n] = [total(then) + HALF * then.length, total(now) + HALF * now.length];
  let sum = 0;
  for (let at = 0; at < then.length; at++) {
    const p = ((then[at] as number) + HALF) / m;
    const q = ((now[at] as number) + HALF) / n;
    sum += (q - p) * Math.log(q / p);
  }
  return sum;
}

/** Jensen-Shannon divergence in bits, 0..1. Empty cells need no care here: half a row would only blur it. */
export function jensenShannon(then: Counts, now: Counts): number {
  const [m, n] = [total(then), total(now)];
  if (m === 0 || n === 0) return 0;
  let sum = 0;
  for (let at = 0; at < then.length; at++) {
    const p = (then[at] as number) / m;
    const q = (now[at] as number) / n;
    const middle = (p + q) / 2;
    if (p > 0) sum += p * Math.log2(p / middle);
    if (q > 0) sum += q * Math.log2(q / middle);
  }
  return Math.max(0, sum / 2);
}

/** Kolmogorov-Smirnov distance of binned numbers, 0..1: the largest gap between both cumulative shares. */
export function kolmogorovSmirnov(then: Counts, now: Counts): number {
  const [m, n] = [total(then), total(now)];
  if (m === 0 || n === 0) return 0;
  let [below, belowNow, gap] = [0, 0, 0];
  for (let at = 0; at < then.length; at++) {
    below += (then[at] as number) / m;
    belowNow += (now[at] as number) / n;
    gap = Math.max(gap, Math.abs(below - belowNow));
  }
  return gap;
}

/** Squared distance of two means. In whitened coordinates it is Mahalanobis'. */
export function squaredDistance(then: ArrayLike<number>, now: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < then.length; at++) sum += ((then[at] as number) - (now[at] as number)) ** 2;
  return sum;
}
