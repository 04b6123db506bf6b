const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Where a function with one valley is least between `low` and `high`; each step keeps 62 % of what is left. */
export function goldenSection(loss: (x: number) => number, low: number, high: number, steps: number): number {
  let [from, to] = [low, high];
  let left = to - GOLDEN * (to - from);
  let right = from + GOLDEN * (to - from);
  let leftLoss = loss(left);
  let rightLoss = loss(right);
  for (let step = 0; step < steps; step++) {
    if (leftLoss <= rightLoss) {
      [to, right, rightLoss] = [right, left, leftLoss];
      left = to - GOLDEN * (to - from);
      leftLoss = loss(left);
    } else {
      [from, left, leftLoss] = [left, right, rightLoss];
      right = from + GOLDEN * (to - from);
      rightLoss = loss(right);
    }
  }
  return (from + to) / 2;
}
