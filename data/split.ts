import { createHash } from 'node:crypto';
import { type DatasetRow, PARTS, type Part } from './catalogue.ts';
import type { TypeCode } from './type-codes.ts';

/** What the split looks at. Rows with the same picture or the same text are the same product. */
export interface SplitRow {
  readonly row: string;
  readonly code: TypeCode;
  /** SHA-256 of the picture; null when there is none. */
  readonly picture: string | null;
  /** Normalised text; '' when there is none. */
  readonly text: string;
}

export interface SplitParameters {
  readonly trainPerCode: number;
  readonly validationPerCode: number;
}

/** The original's numbers: 600 rows a code to train on, 50 to tune on, the rest to test on. */
export const ORIGINAL_SPLIT: SplitParameters = { trainPerCode: 600, validationPerCode: 50 };

/** Shares of a class too small for the numbers above. */
const SMALL = { validation: 0.15, test: 0.15 };

export interface Group {
  /** The group's smallest row: its name, whatever the order of the file. */
  readonly name: string;
  readonly code: TypeCode;
  readonly rows: readonly string[];
}

/** A group with its place in the order that it is drawn in. */
interface Ranked extends Group {
  readonly rank: number;
}

/**
 * Gives every row its part. The same seed and rows give the same parts, in whatever order the rows come. Products are
 * drawn in the order of the hashes of their content, so what a champion has learnt from hardly ever comes into the test
 * part of a later training: never while the catalogue's rows are the same, and seldom when rows are added
 * (docs/decisions/split-by-content.md).
 * - A class of at least trainPerCode + 2 * validationPerCode rows: trainPerCode, validationPerCode, the rest.
 * - A smaller class: 70 % / 15 % / 15 %, each part getting at least one product when there are three.
 * - A class of one or two products: all of them train (nothing is left to measure with).
 * Rows of the same product (same picture or same text, also through a third row) stay together, in the class of
 * their smallest row; the numbers above are met as closely as such groups allow.
 */
export function splitRows(
  rows: readonly SplitRow[],
  { seed, trainPerCode, validationPerCode }: SplitParameters & { seed: number },
): Map<string, Part> {
  const byName = new Map(rows.map((row) => [row.row, row]));
  const classes = new Map<TypeCode, Ranked[]>();
  for (const group of groupProducts(rows)) {
    const ranked = { ...group, rank: rankOf(group, byName, seed) };
    const groups = classes.get(group.code);
    if (groups === undefined) classes.set(group.code, [ranked]);
    else groups.push(ranked);
  }
  const parts = new Map<string, Part>();
  for (const groups of classes.values()) {
    const order = groups.sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
    const size = order.reduce((sum, group) => sum + group.rows.length, 0);
    const large = size >= trainPerCode + 2 * validationPerCode;
    const validation = large ? validationPerCode : Math.max(1, Math.round(size * SMALL.validation));
    const test = large ? size - trainPerCode - validationPerCode : Math.max(1, Math.round(size * SMALL.test));
    const assigned = fill(order, { train: size - validation - test, validation, test });
    for (const [part, members] of Object.entries(assigned) as Array<[Part, Group[]]>) {
      for (const group of members) for (const row of group.rows) parts.set(row, part);
    }
  }
  return parts;
}

/**
 * Gives corrected products their part beside those of the catalogue. One that shares a text or a picture with products
 * of the catalogue goes where these are; others go 70 / 15 / 15 by the hash of their content. A correction that joins
 * products of several parts brings all of them to the one that is learned from most, so that none that was ever learned
 * from comes to be tested on. So a product keeps its part from one training to the next, unless something joins it.
 * @param catalogue every row of it, with its part
 * @returns the parts of the corrected rows, and of the catalogue's rows that they move
 */
export function splitCorrections(
  corrected: readonly SplitRow[],
  catalogue: readonly SplitRow[],
  parts: ReadonlyMap<string, Part>,
  seed: number,
): Map<string, Part> {
  const texts = new Set(catalogue.map(({ text }) => text));
  const pictures = new Set(catalogue.map(({ picture }) => picture));
  const touches = ({ text, picture }: SplitRow) =>
    (text !== '' && texts.has(text)) || (picture !== null && pictures.has(picture));
  // Of a row that only other corrections tie to the catalogue: it may have come before them, and been parted alone.
  const alone = new Map(
    corrected.map((row) => [row.row, touches(row) ? null : partOf(rankOfRow(row, seed))]),
  );
  const result = new Map<string, Part>();
  for (const { rows } of groupProducts([...catalogue, ...corrected])) {
    if (!rows.some((row) => alone.has(row))) continue;
    const held = new Set(rows.map((row) => parts.get(row) ?? alone.get(row)));
    const part = PARTS.find((one) => held.has(one)) as Part;
    for (const row of rows) result.set(row, part);
  }
  return result;
}

function partOf(rank: number): Part {
  if (rank >= 1 - SMALL.test) return 'test';
  return rank >= 1 - SMALL.test - SMALL.validation ? 'validation' : 'train';
}

/** 0..1, by what a group's products are alone. A product more can only bring it nearer to 0: to training. */
function rankOf(group: Group, byName: ReadonlyMap<string, SplitRow>, seed: number): number {
  return group.rows.reduce((least, name) => {
    const rank = rankOfRow(byName.get(name) as SplitRow, seed);
    return Math.min(least, rank);
  }, 1);
}

function rankOfRow({ row, text, picture }: SplitRow, seed: number): number {
  const content = text === '' && picture === null ? { row } : { text, picture };
  return (
    createHash('sha256')
      .update(JSON.stringify({ seed, ...content }))
      .digest()
      .readUIntBE(0, 6) /
    2 ** 48
  );
}

function fill(groups: readonly Group[], targets: Record<Part, number>): Record<Part, Group[]> {
  const assigned: Record<Part, Group[]> = { train: [], validation: [], test: [] };
  if (groups.length < 3) return { ...assigned, train: [...groups] };
  const room = { ...targets };
  const order = PARTS;
  for (const group of groups) {
    const part =
      order.find((candidate) => room[candidate] >= group.rows.length) ??
      order.reduce((best, candidate) => (room[candidate] > room[best] ? candidate : best));
    assigned[part].push(group);
    room[part] -= group.rows.length;
  }
  // Groups of several rows can fill a small class before each part has one: take from the part with most.
  for (const part of order) {
    if (assigned[part].length > 0) continue;
    const richest = order.reduce((best, candidate) =>
      assigned[candidate].length > assigned[best].length ? candidate : best,
    );
    const smallest = assigned[richest].reduce((best, group) =>
      group.rows.length < best.rows.length ? group : best,
    );
    assigned[richest] = assigned[richest].filter((group) => group !== smallest);
    assigned[part] = [smallest];
  }
  return assigned;
}

/** Rows joined by a shared picture or a shared text, transitively (union-find). */
export function groupProducts(rows: readonly SplitRow[]): Group[] {
  const parent = rows.map((_, place) => place);
  const find = (place: number): number => {
    let root = place;
    while (parent[root] !== root) root = parent[root] as number;
    for (let step = place; step !== root; ) {
      const next = parent[step] as number;
      parent[step] = root;
      step = next;
    }
    return root;
  };
  const firstWith = new Map<string, number>();
  rows.forEach(({ picture, text }, place) => {
    const keys = [picture === null ? '' : `picture ${picture}`, text === '' ? '' : `text ${text}`];
    for (const key of keys) {
      if (key === '') continue;
      const other = firstWith.get(key);
      if (other === undefined) firstWith.set(key, place);
      else parent[find(place)] = find(other);
    }
  });

  const members = new Map<number, SplitRow[]>();
  rows.forEach((row, place) => {
    const root = find(place);
    const group = members.get(root);
    if (group === undefined) members.set(root, [row]);
    else group.push(row);
  });
  return [...members.values()].map((group) => {
    const smallest = group.reduce((best, row) => (row.row < best.row ? row : best));
    return { name: smallest.row, code: smallest.code, rows: group.map(({ row }) => row) };
  });
}

/** The text by which two rows are the same product: letter case, spacing and form of accents do not matter. */
export function normaliseText({
  designation,
  description,
}: Pick<DatasetRow, 'designation' | 'description'>): string {
  return `${designation} ${description}`.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
