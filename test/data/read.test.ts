import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetRow } from '../../data/catalogue.ts';
import { readProducts, readRows, writeRows } from '../../data/read.ts';
import { catalogueOf, inFolder, jpeg, X_HEADER, Y_HEADER } from '../support/tiny-catalogue.ts';

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

describe('Reading a catalogue', () => {
  it('joins X and Y by the index column, not by position', () =>
    inFolder(async (folder) => {
      const catalogue = await catalogueOf(folder, {
        'X_train_update.csv': `${X_HEADER}7,Livre,,1,2\n3,Jeu,,3,4\n`,
        'Y_train_CVw08PX.csv': `${Y_HEADER}3,40\n7,10\n`,
      });
      const rows = await all(readProducts(catalogue, 'train'));
      assert.deepEqual(
        rows.map(({ row, designation, code }) => [row, designation, code]),
        [
          ['7', 'Livre', 10],
          ['3', 'Jeu', 40],
        ],
      );
    }));

  it('keeps HTML, quotes, line breaks and accents, and takes "nan" for a missing text', () =>
    inFolder(async (folder) => {
      const catalogue = await catalogueOf(folder, {
        'X_test_update.csv': `${X_HEADER}1,"Été ""chaud"", tome 2","<b>d&eacute;j&agrave;</b>\nligne",5,6\n2,Stylo,nan,7,8\n`,
      });
      const [first, second] = await all(readProducts(catalogue, 'test'));
      assert.equal(first?.designation, 'Été "chaud", tome 2');
      assert.equal(first?.description, '<b>d&eacute;j&agrave;</b>\nligne');
      assert.equal(second?.description, '');
      assert.equal(first?.code, null);
    }));

  it('names the picture when its file is there, with its hash, and null when not', () =>
    inFolder(async (folder) => {
      const catalogue = await catalogueOf(folder, {
        'X_test_update.csv': `${X_HEADER}1,A,,10,20\n2,B,,../../etc,../passwd\n`,
        'images/image_test/image_20_product_10.jpg': await jpeg(1),
      });
      const [first, second] = await all(readProducts(catalogue, 'test'));
      assert.equal(first?.picture?.file, 'images/image_test/image_20_product_10.jpg');
      assert.match(first?.picture?.sha256 ?? '', /^[0-9a-f]{64}$/);
      assert.equal(second?.picture, null);
    }));

  it('has codes null without a Y file', () =>
    inFolder(async (folder) => {
      const catalogue = await catalogueOf(folder, { 'X_train_update.csv': `${X_HEADER}1,A,,1,1\n` });
      assert.equal((await all(readProducts(catalogue, 'train')))[0]?.code, null);
    }));

  it('lets a reader stop early', () =>
    inFolder(async (folder) => {
      const lines = Array.from({ length: 5000 }, (_, row) => `${row},Produit ${row},,1,1\n`).join('');
      const catalogue = await catalogueOf(folder, { 'X_test_update.csv': X_HEADER + lines });
      for await (const { row } of readProducts(catalogue, 'test')) {
        assert.equal(row, '0');
        break;
      }
    }));
});

describe('Dataset rows on disk', () => {
  const row: DatasetRow = {
    row: '5',
    designation: 'Nœud "x"\u2028',
    description: 'a\nb',
    productId: '1',
    imageId: '2',
    code: 10,
    picture: { file: 'images/a.jpg', sha256: 'f'.repeat(64) },
  };

  it('come back as they were written', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'rows.ndjson');
      await writeRows(file, [row, { ...row, row: '6', code: null, picture: null }]);
      const rows = await all(readRows(file));
      assert.deepEqual(rows[0], row);
      assert.equal(rows[1]?.picture, null);
    }));

  it('are not there at all when writing fails', () =>
    inFolder(async (folder) => {
      const failing = async function* () {
        yield row;
        throw new Error('disk on fire');
      };
      await assert.rejects(writeRows(join(folder, 'rows.ndjson'), failing()), /disk on fire/);
      assert.deepEqual(await readdir(folder), []);
    }));

  it('are refused with their line when damaged', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'rows.ndjson');
      await writeFile(file, `${JSON.stringify(row)}\n{"row":"6","desig`);
      await assert.rejects(all(readRows(file)), { code: 'DATASET_CORRUPT', message: /line 2/ });
    }));
});
