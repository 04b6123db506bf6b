import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CHALLENGE_FILES, type DatasetRef, type DatasetRow, PARTS, type Part } from '../../data/catalogue.ts';
import { type CorrectedProduct, exportCorrections, type Increment } from '../../data/corrections.ts';
import { splitCatalogue } from '../../data/dataset.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { readIncrement } from '../../data/increment.ts';
import { readRows } from '../../data/read.ts';
import {
  catalogueOf,
  inFolder,
  jpeg,
  type TinyRow,
  tinyPictures,
  tinyRows,
  xTable,
  yTable,
} from '../support/tiny-catalogue.ts';

type Row = DatasetRow & { readonly part: Part };

const ROWS = tinyRows(4);
const [FIRST, SECOND] = ROWS as [TinyRow, TinyRow];

async function tinyFiles() {
  const pictures = Object.entries(await tinyPictures(ROWS));
  return {
    'X_train_update.csv': xTable(ROWS),
    'Y_train_CVw08PX.csv': yTable(ROWS),
    ...Object.fromEntries(pictures.map(([name, bytes]) => [`images/${name}`, bytes])),
  };
}

function corrected(product: Partial<CorrectedProduct>): CorrectedProduct {
  const inputsHash = createHash('sha256')
    .update(JSON.stringify([product.designation, product.picture]))
    .digest('hex');
  return {
    ...{ id: inputsHash.slice(0, 8), at: '2026-01-02T03:04:05.678Z', inputsHash, code: 2583 },
    ...{ designation: 'Bouée licorne', description: '', picture: null },
    ...product,
  };
}

/** The product of a row, whatever the case of its letters, under another code. */
const again = async ({ designation, description, row }: TinyRow): Promise<CorrectedProduct> =>
  corrected({
    ...{ designation: designation.toUpperCase(), description },
    picture: await jpeg(Number(row)),
  });

async function rowsOf({ directory }: DatasetRef): Promise<Row[]> {
  const rows: Row[] = [];
  for (const part of PARTS) {
    for await (const row of readRows(join(directory, `${part}.ndjson`))) rows.push({ ...row, part });
  }
  return rows;
}

describe('A dataset with corrections', () => {
  /** Splits the tiny catalogue with these corrections. */
  async function split(folder: string, corrections: readonly CorrectedProduct[], weight = 3) {
    const catalogue = await catalogueOf(folder, await tinyFiles());
    const increment =
      (await exportCorrections(corrections, join(folder, 'corrections'))) ?? assert.fail('none exported');
    const into = (name: string, more: { increment?: Increment | null; weight?: number } = {}) => {
      const own = more.increment === undefined ? increment : more.increment;
      return splitCatalogue({
        ...{ catalogue, seed: 1, directory: join(folder, name) },
        ...(own && { corrections: { increment: own, weight: more.weight ?? weight } }),
      });
    };
    return { catalogue, increment, into };
  }

  it('adds a product that the catalogue does not have, with its code and its weight', () =>
    inFolder(async (folder) => {
      const { into, increment } = await split(folder, [corrected({ code: 60, description: 'Ronde' })]);
      const dataset = await into('with');
      const rows = await rowsOf(dataset);
      assert.equal(rows.length, ROWS.length + 1);
      const added = rows.filter(({ weight }) => weight === 3);
      assert.deepEqual(
        added.map(({ designation, description, code }) => [designation, description, code]),
        [['Bouée licorne', 'Ronde', 60]],
      );
      assert.deepEqual(dataset.corrections, { version: increment.version, rows: 1, weight: 3 });
    }));

  it('puts a corrected product in the place of the same one in the catalogue: the person is believed', () =>
    inFolder(async (folder) => {
      const { into } = await split(folder, [await again(FIRST)]);
      const before = await rowsOf(await into('without', { increment: null }));
      const after = await rowsOf(await into('with'));
      assert.equal(after.length, ROWS.length);
      assert.ok(!after.some(({ row }) => row === FIRST.row), 'the row of the catalogue is gone');
      const now = after.filter(({ code, weight }) => code === 2583 && weight === 3);
      assert.equal(now.length, 1);
      // Nobody has learned from it who is judged on it later.
      assert.equal(now[0]?.part, before.find(({ row }) => row === FIRST.row)?.part);
    }));

  it('leaves every other product in its part', () =>
    inFolder(async (folder) => {
      const { into } = await split(folder, [await again(FIRST), corrected({})]);
      const partOf = new Map(
        (await rowsOf(await into('without', { increment: null }))).map((row) => [row.row, row]),
      );
      for (const { row, part, weight } of await rowsOf(await into('with'))) {
        if (weight === undefined) assert.equal(part, partOf.get(row)?.part, row);
      }
    }));

  it('refuses rows that are called as others of the catalogue are', () =>
    inFolder(async (folder) => {
      const { catalogue, increment } = await split(folder, [corrected({})]);
      const own = { increment: { ...increment, catalogue }, weight: 3 };
      await assert.rejects(
        splitCatalogue({ catalogue, corrections: own, seed: 1, directory: join(folder, 'with') }),
        { code: 'CATALOGUE_INDEX_DUPLICATE' },
      );
    }));

  it('keeps a product beside those that share its picture or its text', () =>
    inFolder(async (folder) => {
      const picture = await jpeg(Number(SECOND.row));
      const { into } = await split(folder, [
        corrected({ designation: 'Un autre titre', picture }),
        corrected({ designation: FIRST.designation, description: FIRST.description }),
      ]);
      const rows = await rowsOf(await into('with'));
      const partOf = (of: (row: Row) => boolean) => rows.find(of)?.part ?? assert.fail();
      assert.equal(
        partOf(({ designation }) => designation === 'Un autre titre'),
        partOf(({ row }) => row === SECOND.row),
      );
      assert.equal(
        partOf(({ designation, weight }) => designation === FIRST.designation && weight === 3),
        partOf(({ row }) => row === FIRST.row),
      );
    }));

  it('finds the pictures of both where the rows say, also when the catalogue has moved', () =>
    inFolder(async (folder) => {
      const picture = await jpeg(9);
      const { catalogue, into } = await split(folder, [corrected({ picture })]);
      const check = async (dataset: DatasetRef) => {
        for (const row of await rowsOf(dataset)) {
          if (row.picture === null) continue;
          const bytes = await readFile(join(dataset.catalogueDirectory, row.picture.file));
          assert.equal(createHash('sha256').update(bytes).digest('hex'), row.picture.sha256);
        }
      };
      await check(await into('with'));
      await rename(catalogue.directory, join(folder, 'elsewhere'));
      const moved = await fetchCatalogue({
        ...{ source: join(folder, 'elsewhere'), directory: join(folder, 'work') },
        files: CHALLENGE_FILES,
      });
      const increment = await readIncrement(await onlyIn(folder), join(folder, 'read'));
      await check(
        await splitCatalogue({
          ...{ catalogue: moved, seed: 1, directory: join(folder, 'with') },
          corrections: { increment, weight: 3 },
        }),
      );
    }));

  it('has a version that depends on the corrections and their weight, not on where they lie', () =>
    inFolder(async (folder) => {
      const { into } = await split(folder, [corrected({ picture: await jpeg(9) })]);
      const other = await exportCorrections([corrected({ code: 10 })], join(folder, 'corrections-2'));
      await cp(await onlyIn(folder), join(folder, 'copy'), { recursive: true });
      const copy = await readIncrement(join(folder, 'copy'), join(folder, 'read'));
      const { version } = await into('one');
      assert.equal((await into('two', { increment: copy })).version, version);
      const others = [
        await into('three', { weight: 2 }),
        await into('four', { increment: other }),
        await into('five', { increment: null }),
      ];
      assert.equal(new Set([version, ...others.map((one) => one.version)]).size, 4);
      for (const part of PARTS) {
        const name = `${part}.ndjson`;
        const text = await readFile(join(folder, 'one', name), 'utf8');
        assert.equal(text, await readFile(join(folder, 'two', name), 'utf8'));
        assert.ok(!text.includes(folder));
      }
    }));
});

/** The only increment that was exported. */
async function onlyIn(folder: string): Promise<string> {
  const [version = ''] = await readdir(join(folder, 'corrections'));
  return join(folder, 'corrections', version);
}
