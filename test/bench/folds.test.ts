import { strict as assert } from 'node:assert';
import { crossValidationSplits, groupedFolds } from '../../bench/folds.ts';
import { random, shuffled } from '../../data/random.ts';
import type { SplitRow } from '../../data/split.ts';
import type { TypeCode } from '../../data/type-codes.ts';

/** 40 rows of each code; every fourth shares its picture with the row before, every fifth its text. */
const ROWS: SplitRow[] = ([10, 40, 1140] as TypeCode[]).flatMap((code) =>
  Array.from({ length: 40 }, (_, at) => ({
    row: `${code}-${at}`,
    code,
    picture: at % 4 === 1 ? `${code} ${at - 1}` : `${code} ${at}`,
    text: at % 5 === 4 ? `${code} ${at - 1}` : `${code} ${at}`,
  })),
);

describe('folds', () => {
  const foldOf = groupedFolds(ROWS, 5, 1);

  it('put every row into one fold, each fold with its share of every code', () => {
    assert.equal(foldOf.size, ROWS.length);
    for (const code of [10, 40, 1140]) {
      const counts = [0, 1, 2, 3, 4].map(
        (fold) => ROWS.filter((row) => row.code === code && foldOf.get(row.row) === fold).length,
      );
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 3, `${code}: ${counts}`);
    }
  });

  it('never part rows of one product', () => {
    for (const key of ['picture', 'text'] as const) {
      const first = new Map<string, number | undefined>();
      for (const row of ROWS) {
        const value = row[key] as string;
        if (first.has(value)) assert.equal(foldOf.get(row.row), first.get(value), `${row.row} by ${key}`);
        first.set(value, foldOf.get(row.row));
      }
      assert.ok(first.size < ROWS.length, 'some rows must share theirs for this to say anything');
    }
  });

  it('are the same for the same seed in any order of the rows, and others for another seed', () => {
    const other = groupedFolds(shuffled(ROWS, random(3)), 5, 1);
    assert.deepEqual(new Map([...other].sort()), new Map([...foldOf].sort()));
    assert.notDeepEqual(groupedFolds(ROWS, 5, 2), foldOf);
  });
});

describe('splits for cross-validation', () => {
  const splits = crossValidationSplits(ROWS, { folds: 5, seed: 1 });

  it('test every row once, and part all rows into train, validation and test', () => {
    const tested = splits.flatMap(({ test }) => test);
    assert.deepEqual([...tested].sort(byNumber), [...ROWS.keys()]);
    for (const { train, validation, test } of splits) {
      assert.deepEqual([...train, ...validation, ...test].sort(byNumber), [...ROWS.keys()]);
      assert.ok(validation.length > 0 && validation.length < train.length / 4);
    }
  });

  it('of fewer quarters test the same rows and train on a part of the others', () => {
    const quarter = crossValidationSplits(ROWS, { folds: 5, seed: 1, quarters: 1 });
    splits.forEach((whole, fold) => {
      const { train = [], validation = [], test } = quarter[fold] ?? {};
      assert.deepEqual(test, whole.test);
      const allowed = new Set([...whole.train, ...whole.validation]);
      const used = [...train, ...validation];
      assert.ok(used.every((place) => allowed.has(place)));
      assert.ok(Math.abs(used.length / allowed.size - 0.25) < 0.08, `${used.length} of ${allowed.size}`);
    });
  });
});

const byNumber = (a: number, b: number) => a - b;
