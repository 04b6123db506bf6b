import { random, shuffled } from '../../data/random.ts';

/** With fewer rows than this, every row that a fold's model misses is felt. */
const MANY = 10_000;

/**
 * How many folds so many rows are worth: 5, and 3 where rows abound. There two thirds of them teach nearly what
 * all do, and the time is half.
 */
export function foldCountOf(rows: number): number {
  return rows < MANY ? 5 : 3;
}

/**
 * A fold, 0 to folds - 1, for every row: each class is spread evenly (StratifiedKFold), and rows of one group
 * (duplicates, say) share a fold. Without `groups` every row is its own. Same seed, same folds.
 */
export function stratifiedFolds(
  labels: ArrayLike<number>,
  folds: number,
  seed: number,
  groups?: ArrayLike<number | string>,
): Uint8Array {
  const members = new Map<number | string, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const group = groups?.[row] ?? row;
    const rows = members.get(group);
    if (rows) rows.push(row);
    else members.set(group, [row]);
  }
  const result = new Uint8Array(labels.length);
  const perClass = new Map<number, Uint32Array>();
  const total = new Uint32Array(folds);
  // Large groups first: the small ones then even out what they leave.
  const order = shuffled([...members.values()], random(seed, 'folds')).sort((a, b) => b.length - a.length);
  for (const rows of order) {
    const label = labels[rows[0] as number] as number;
    const counts = perClass.get(label) ?? new Uint32Array(folds);
    perClass.set(label, counts);
    let fold = 0;
    for (let other = 1; other < folds; other++) {
      const less = (counts[other] as number) - (counts[fold] as number);
      if (less < 0 || (less === 0 && (total[other] as number) < (total[fold] as number))) fold = other;
    }
    for (const row of rows) {
      result[row] = fold;
      counts[fold] = (counts[fold] as number) + 1;
      total[fold] = (total[fold] as number) + 1;
    }
  }
  return result;
}
