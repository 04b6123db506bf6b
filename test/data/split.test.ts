import assert from 'node:assert/strict';
import type { Part } from '../../data/catalogue.ts';
import { random, shuffled } from '../../data/random.ts';
import {
  normaliseText,
  ORIGINAL_SPLIT,
  type SplitRow,
  splitCorrections,
  splitRows,
} from '../../data/split.ts';
import type { TypeCode } from '../../data/type-codes.ts';

function rowsOf(code: TypeCode, count: number): SplitRow[] {
  return Array.from({ length: count }, (_, place) => ({
    row: `${code}-${place}`,
    code,
    picture: null,
    text: `texte ${code} ${place}`,
  }));
}

function sizes(parts: ReadonlyMap<string, Part>): Record<Part, number> {
  const count = { train: 0, validation: 0, test: 0 };
  for (const part of parts.values()) count[part]++;
  return count;
}

const split = (rows: readonly SplitRow[], seed = 42) => splitRows(rows, { seed, ...ORIGINAL_SPLIT });

describe('The split', () => {
  it('gives a large class 600 rows to train, 50 to tune and the rest to test, as the original', () => {
    assert.deepEqual(sizes(split(rowsOf(10, 700))), { train: 600, validation: 50, test: 50 });
    assert.deepEqual(sizes(split(rowsOf(10, 2000))), { train: 600, validation: 50, test: 1350 });
  });

  it('gives a smaller class 70, 15 and 15 per cent', () => {
    assert.deepEqual(sizes(split(rowsOf(10, 699))), { train: 489, validation: 105, test: 105 });
    assert.deepEqual(sizes(split(rowsOf(10, 40))), { train: 28, validation: 6, test: 6 });
  });

  it('gives each part a row from three rows on, and everything to training below', () => {
    assert.deepEqual(sizes(split(rowsOf(10, 3))), { train: 1, validation: 1, test: 1 });
    assert.deepEqual(sizes(split(rowsOf(10, 2))), { train: 2, validation: 0, test: 0 });
  });

  it('splits each class by itself: another class changes nothing', () => {
    const alone = split(rowsOf(10, 40));
    const together = split([...rowsOf(2905, 90), ...rowsOf(10, 40)]);
    for (const [row, part] of alone) assert.equal(together.get(row), part);
  });

  it('does not depend on the order of the rows', () => {
    const rows = [...rowsOf(10, 200), ...rowsOf(40, 60)].map((row, place) =>
      place % 9 === 0 ? { ...row, picture: `p${place % 4}` } : row,
    );
    const expected = [...split(rows)].sort();
    for (let turn = 0; turn < 5; turn++) {
      assert.deepEqual([...split(shuffled(rows, random(turn)))].sort(), expected);
    }
  });

  it('goes by what products are, not by the numbers of their rows', () => {
    const rows = [...rowsOf(10, 200), ...rowsOf(40, 60)];
    const before = split(rows);
    const after = split(rows.map((row, place) => ({ ...row, row: `${90_000 - place}` })));
    rows.forEach(({ row }, place) => {
      assert.equal(after.get(`${90_000 - place}`), before.get(row));
    });
  });

  it('brings hardly any product that was learned from to the test when a catalogue grows by a tenth', () => {
    const rows = [...rowsOf(10, 2000), ...rowsOf(40, 400), ...rowsOf(50, 60)];
    for (let seed = 0; seed < 10; seed++) {
      const before = split(
        rows.filter((_, place) => place % 11 !== 0),
        seed,
      );
      const tested = [...split(rows, seed)].filter(([, part]) => part === 'test');
      const seen = tested.filter(([row]) => before.has(row) && before.get(row) !== 'test');
      assert.ok(seen.length < 0.06 * tested.length, `seed ${seed}: ${seen.length} of ${tested.length}`);
    }
  });

  it('changes with the seed', () => {
    assert.notDeepEqual([...split(rowsOf(10, 100), 1)].sort(), [...split(rowsOf(10, 100), 2)].sort());
  });

  it('never puts one product in two parts: same picture, same text, or linked through a third row', () => {
    const next = random(3);
    const rows: SplitRow[] = rowsOf(10, 300).map((row) => ({
      ...row,
      code: next() < 0.5 ? 10 : 2705,
      picture: next() < 0.5 ? `p${Math.floor(next() * 60)}` : null,
      text: next() < 0.5 ? `t${Math.floor(next() * 60)}` : '',
    }));
    const parts = split(rows);
    assert.equal(parts.size, 300);
    for (const key of ['picture', 'text'] as const) {
      const partOf = new Map<string, Part | undefined>();
      for (const row of rows) {
        const value = row[key];
        if (value === null || value === '') continue;
        if (partOf.has(value)) assert.equal(parts.get(row.row), partOf.get(value));
        partOf.set(value, parts.get(row.row));
      }
    }
  });

  it('still fills every part when products of several rows crowd a small class', () => {
    const rows = rowsOf(10, 5).map((row, place) => ({ ...row, text: ['a', 'a', 'b', 'b', 'c'][place]! }));
    for (let seed = 0; seed < 20; seed++) {
      const { train, validation, test } = sizes(split(rows, seed));
      assert.ok(train > 0 && validation > 0 && test > 0, `seed ${seed}`);
    }
  });

  it('takes texts that differ in case, spacing or form of accents for the same', () => {
    const one = normaliseText({ designation: 'E\u0301TUI  rouge', description: '' });
    assert.equal(one, normaliseText({ designation: 'étui rouge', description: ' \n' }));
  });
});

describe('The split of corrections', () => {
  const parted = (corrected: readonly SplitRow[], catalogue: readonly SplitRow[], seed = 42) => {
    const parts = split(catalogue, seed);
    return new Map([...parts, ...splitCorrections(corrected, catalogue, parts, seed)]);
  };

  /** Products that share texts and pictures among each other and, if given, with those of the catalogue. */
  function invented(name: string, count: number, next: () => number): SplitRow[] {
    const of = (what: string) => `${what}${Math.floor(next() * 150)}`;
    return Array.from({ length: count }, (_, place) => ({
      row: `${name}-${place}`,
      code: next() < 0.5 ? 10 : 2705,
      picture: next() < 0.4 ? of('p') : null,
      text: next() < 0.9 ? of('t') : '',
    }));
  }

  it('parts no product, however corrections and catalogue share texts and pictures', () => {
    for (let seed = 0; seed < 60; seed++) {
      const next = random(seed, 'corrections');
      const catalogue = invented('catalogue', 120, next);
      const corrected = invented('correction', 40, next);
      const parts = parted(corrected, catalogue, seed);
      assert.equal(parts.size, 160);
      for (const key of ['picture', 'text'] as const) {
        const partOf = new Map<string, Part | undefined>();
        for (const row of [...catalogue, ...corrected]) {
          const value = row[key];
          if (value === null || value === '') continue;
          if (partOf.has(value))
            assert.equal(parts.get(row.row), partOf.get(value), `seed ${seed}, ${value}`);
          partOf.set(value, parts.get(row.row));
        }
      }
    }
  });

  it('never brings a product that was learned from to the test when more corrections come', () => {
    const order: readonly (Part | undefined)[] = ['train', 'validation', 'test'];
    for (let seed = 0; seed < 60; seed++) {
      const next = random(seed, 'more corrections');
      const catalogue = invented('catalogue', 120, next);
      const corrected = invented('correction', 60, next);
      const before = parted(corrected.slice(0, 30), catalogue, seed);
      const after = parted(corrected, catalogue, seed);
      for (const [row, part] of before) {
        assert.ok(order.indexOf(after.get(row)) <= order.indexOf(part), `seed ${seed}, ${row}`);
      }
    }
  });

  it('leaves every product where it is that no new correction touches', () => {
    const catalogue = rowsOf(10, 300);
    const corrected = rowsOf(40, 200).map((row, place) => ({
      ...row,
      row: `c${place}`,
      text: `neu ${place}`,
    }));
    const before = parted(corrected.slice(0, 80), catalogue);
    const after = parted(corrected, catalogue);
    for (const [row, part] of before) assert.equal(after.get(row), part);
  });

  it('goes 70, 15 and 15 per cent where the catalogue has nothing of it', () => {
    const corrected = rowsOf(40, 4000).map((row, place) => ({ ...row, row: `c${place}` }));
    const parts = splitCorrections(corrected, [], new Map(), 42);
    const { train, validation, test } = sizes(parts);
    assert.ok(Math.abs(train - 2800) < 100 && Math.abs(validation - 600) < 80 && Math.abs(test - 600) < 80);
  });
});
