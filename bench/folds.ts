import { random, shuffled } from '../data/random.ts';
import { type Group, groupProducts, type SplitRow } from '../data/split.ts';
import type { TypeCode } from '../data/type-codes.ts';

/**
 * Which fold (0..folds - 1) each row is in. Rows of one product share a fold, as in the split for training,
 * and each fold gets its share of every code. The same seed and rows give the same folds in any order.
 */
export function groupedFolds(rows: readonly SplitRow[], folds: number, seed: number): Map<string, number> {
  const byCode = new Map<TypeCode, Group[]>();
  for (const group of groupProducts(rows)) {
    byCode.set(group.code, [...(byCode.get(group.code) ?? []), group]);
  }
  const result = new Map<string, number>();
  const sizes = new Array<number>(folds).fill(0);
  for (const code of [...byCode.keys()].sort((a, b) => a - b)) {
    const groups = (byCode.get(code) ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
    const held = new Array<number>(folds).fill(0);
    for (const group of shuffled(groups, random(seed, 'folds', code))) {
      // The fold with the fewest rows of this code; of equals the smallest one.
      const fold = held.reduce(
        (best, count, at) =>
          count < (held[best] ?? 0) || (count === held[best] && (sizes[at] ?? 0) < (sizes[best] ?? 0))
            ? at
            : best,
        0,
      );
      held[fold] = (held[fold] ?? 0) + group.rows.length;
      sizes[fold] = (sizes[fold] ?? 0) + group.rows.length;
      for (const row of group.rows) result.set(row, fold);
    }
  }
  return result;
}

/** Rows by their place in the list that was split. */
export interface Split {
  readonly train: readonly number[];
  /** Taken from what may be trained on: for early stopping and tuning. */
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

const VALIDATION_FOLDS = 10;
/** Learning curves take so many quarters of what may be trained on. */
const QUARTERS = 4;

/** One split a fold; every row is tested once. `quarters` of 4: how much of the rest is trained on. */
export function crossValidationSplits(
  rows: readonly SplitRow[],
  { folds, seed, quarters = QUARTERS }: { folds: number; seed: number; quarters?: number },
): Split[] {
  const foldOf = groupedFolds(rows, folds, seed);
  const places = [...rows.keys()];
  const rowOf = (place: number) => rows[place] as SplitRow;
  return Array.from({ length: folds }, (_, fold) => {
    const test = places.filter((place) => foldOf.get(rowOf(place).row) === fold);
    const rest = places.filter((place) => foldOf.get(rowOf(place).row) !== fold);
    const quarterOf = groupedFolds(rest.map(rowOf), QUARTERS, seed);
    const kept = rest.filter((place) => (quarterOf.get(rowOf(place).row) ?? 0) < quarters);
    const tenthOf = groupedFolds(kept.map(rowOf), VALIDATION_FOLDS, seed);
    const tenth = (place: number) => tenthOf.get(rowOf(place).row);
    return {
      train: kept.filter((place) => tenth(place) !== 0),
      validation: kept.filter((place) => tenth(place) === 0),
      test,
    };
  });
}
