/** Writes the gradient at x into `gradient` and returns the loss there. */
export type LossAndGradient = (x: Float64Array, gradient: Float64Array) => number;

const MEMORY = 10;
const ENOUGH = 1e-4;
const HALVINGS = 30;

/**
 * The least of a smooth convex function from `start`, by limited-memory BFGS with backtracking (Nocedal and
 * Wright, Numerical Optimization, algorithm 7.4). Ends when no part of the gradient is above `tolerance`,
 * after `iterations` steps, or when rounding lets no step help.
 */
export function minimise(
  lossAndGradient: LossAndGradient,
  start: Float64Array,
  { tolerance, iterations }: { readonly tolerance: number; readonly iterations: number },
): Float64Array {
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  let loss = lossAndGradient(x, gradient);
  const steps: { moved: Float64Array; turned: Float64Array; curvature: number }[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (gradient.every((part) => Math.abs(part) <= tolerance)) break;
    const direction = descend(gradient, steps);
    const slope = dot(direction, gradient);
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const nextGradient = new Float64Array(x.length);
    let next = x;
    let nextLoss = Number.POSITIVE_INFINITY;
    let halvings = 0;
    for (; halvings < HALVINGS; halvings++) {
      const stride = length;
      const from = x;
      next = from.map((value, at) => value + stride * (direction[at] as number));
      nextLoss = lossAndGradient(next, nextGradient);
      if (nextLoss <= loss + ENOUGH * length * slope) break;
      length /= 2;
    }
    if (halvings === HALVINGS) break;
    const moved = next.map((value, at) => value - (x[at] as number));
    const turned = nextGradient.map((value, at) => value - (gradient[at] as number));
    const curvature = dot(moved, turned);
    if (curvature > 1e-20) {
      steps.push({ moved, turned, curvature });
      if (steps.length > MEMORY) steps.shift();
    }
    x = next;
    loss = nextLoss;
    gradient = nextGradient;
  }
  return x;
}

function descend(
  gradient: Float64Array,
  steps: readonly { moved: Float64Array; turned: Float64Array; curvature: number }[],
): Float64Array {
  const direction = gradient.map((part) => -part);
  const shares: number[] = [];
  for (const { moved, turned, curvature } of steps.toReversed()) {
    const share = dot(moved, direction) / curvature;
    shares.push(share);
    add(direction, turned, -share);
  }
  const last = steps.at(-1);
  if (last) {
    const scale = last.curvature / dot(last.turned, last.turned);
    for (let at = 0; at < direction.length; at++) direction[at] = (direction[at] as number) * scale;
  }
  for (const { moved, turned, curvature } of steps) {
    add(direction, moved, (shares.pop() as number) - dot(turned, direction) / curvature);
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let at = 0; at < to.length; at++) to[at] = (to[at] as number) + times * (what[at] as number);
}
