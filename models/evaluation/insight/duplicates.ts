import type { TypeCode } from '../../../data/type-codes.ts';
import type { CatalogueRow } from './answers.ts';

/** Products that are the same, or nearly, and do not all have the same code. */
export interface DuplicateGroup {
  readonly kind: 'text' | 'picture';
  /** Places in the list of rows, ascending. */
  readonly members: readonly number[];
  /** Members of each code, most frequent first. */
  readonly codes: readonly { readonly code: TypeCode; readonly count: number }[];
}

/**
 * Groups across codes: by text (`textGroups` names each row's group, see similarTexts) and by the picture's bytes.
 * A picture group within one text group says nothing new and is left out. Those with most rows outside their
 * most frequent code come first: there is most to put right.
 */
export function duplicatesAcrossCodes(
  rows: readonly CatalogueRow[],
  textGroups: ArrayLike<number>,
): DuplicateGroup[] {
  const texts = gather(rows.keys(), (row) => textGroups[row]);
  const pictures = gather(rows.keys(), (row) => rows[row]?.picture?.sha256);
  const sameText = (members: readonly number[]) =>
    members.every((member) => textGroups[member] === textGroups[members[0] as number]);
  const groups = [
    ...texts.map((members) => group('text', members, rows)),
    ...pictures.filter((members) => !sameText(members)).map((members) => group('picture', members, rows)),
  ].filter(({ codes }) => codes.length > 1);
  const odd = ({ members, codes }: DuplicateGroup) => members.length - (codes[0]?.count ?? 0);
  return groups.sort((a, b) => odd(b) - odd(a) || (a.members[0] ?? 0) - (b.members[0] ?? 0));
}

function gather(places: Iterable<number>, keyOf: (row: number) => string | number | undefined): number[][] {
  const groups = new Map<string | number, number[]>();
  for (const row of places) {
    const key = keyOf(row);
    if (key === undefined) continue;
    const members = groups.get(key);
    if (members) members.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

function group(
  kind: DuplicateGroup['kind'],
  members: readonly number[],
  rows: readonly CatalogueRow[],
): DuplicateGroup {
  const counts = new Map<TypeCode, number>();
  for (const member of members) {
    const { code } = rows[member] as CatalogueRow;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const codes = [...counts].map(([code, count]) => ({ code, count }));
  return { kind, members, codes: codes.sort((a, b) => b.count - a.count || a.code - b.code) };
}
