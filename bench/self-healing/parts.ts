import { type LabelledRow, splitRowOf } from '../catalogue.ts';
import { crossValidationSplits, groupedFolds } from '../folds.ts';

/** Rows of a catalogue; no product is in two of these. */
export interface Parts {
  /** The half that the champion learns from. */
  readonly learned: readonly LabelledRow[];
  /** Of the other half: two in three, which people judge. */
  readonly judged: readonly LabelledRow[];
  /** The rest, which is only asked about. */
  readonly asked: readonly LabelledRow[];
}

export function partsOf(rows: readonly LabelledRow[]): Parts {
  const [split] = crossValidationSplits(rows.map(splitRowOf), { folds: 2, seed: 1 });
  const other = new Set(split?.test);
  const stream = rows.filter((_, place) => other.has(place));
  const foldOf = groupedFolds(stream.map(splitRowOf), 3, 42);
  return {
    learned: rows.filter((_, place) => !other.has(place)),
    judged: stream.filter(({ row }) => foldOf.get(row) !== 0),
    asked: stream.filter(({ row }) => foldOf.get(row) === 0),
  };
}
