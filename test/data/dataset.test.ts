import assert from 'node:assert/strict';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHALLENGE_FILES } from '../../data/catalogue.ts';
import { splitCatalogue } from '../../data/dataset.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { readRows } from '../../data/read.ts';
import { catalogueOf, inFolder, tinyPictures, tinyRows, xTable, yTable } from '../support/tiny-catalogue.ts';

async function tinyFiles() {
  const rows = tinyRows(4);
  const pictures = Object.entries(await tinyPictures(rows));
  return {
    'X_train_update.csv': xTable(rows),
    'Y_train_CVw08PX.csv': yTable(rows),
    ...Object.fromEntries(pictures.map(([name, bytes]) => [`images/${name}`, bytes])),
  };
}

describe('A dataset', () => {
  it('holds every row once, in train, validation or test', () =>
    inFolder(async (folder) => {
      const catalogue = await catalogueOf(folder, await tinyFiles());
      const dataset = await splitCatalogue({ catalogue, seed: 1, directory: join(folder, 'split') });
      const seen = new Set<string>();
      for (const part of ['train', 'validation', 'test'] as const) {
        let rows = 0;
        for await (const row of readRows(join(dataset.directory, `${part}.ndjson`))) {
          assert.ok(!seen.has(row.row));
          seen.add(row.row);
          rows++;
        }
        assert.equal(rows, dataset.counts[part].rows);
      }
      assert.equal(seen.size, 27 * 4);
      assert.match(dataset.version, /^[0-9a-f]{16}$/);
    }));

  it('is the same to the byte when the same catalogue lies elsewhere, and names no folder', () =>
    inFolder(async (folder) => {
      const catalogue = await catalogueOf(folder, await tinyFiles());
      await cp(join(folder, 'source'), join(folder, 'copy'), { recursive: true });
      const copy = await fetchCatalogue({
        source: join(folder, 'copy'),
        directory: join(folder, 'elsewhere'),
        files: CHALLENGE_FILES,
      });
      const one = await splitCatalogue({ catalogue, seed: 1, directory: join(folder, 'one') });
      const two = await splitCatalogue({ catalogue: copy, seed: 1, directory: join(folder, 'two') });
      assert.equal(one.version, two.version);
      for (const name of await readdir(one.directory)) {
        const text = await readFile(join(one.directory, name), 'utf8');
        assert.equal(text, await readFile(join(two.directory, name), 'utf8'));
        assert.ok(!text.includes(folder));
      }
    }));

  it('has another version with another seed, another picture or another text', () =>
    inFolder(async (folder) => {
      const files = await tinyFiles();
      const versions = new Set<string>();
      const picture = Object.keys(files).find((name) => name.endsWith('.jpg'))!;
      const other = Object.keys(files).findLast((name) => name.endsWith('.jpg'))! as keyof typeof files;
      const variants = [
        { seed: 1, files },
        { seed: 2, files },
        { seed: 1, files: { ...files, [picture]: files[other] } },
        {
          seed: 1,
          files: { ...files, 'X_train_update.csv': files['X_train_update.csv'].replace('Produit', 'Objet') },
        },
      ];
      for (const [place, variant] of variants.entries()) {
        const catalogue = await catalogueOf(join(folder, `${place}`), variant.files);
        const directory = join(folder, `split-${place}`);
        versions.add((await splitCatalogue({ catalogue, seed: variant.seed, directory })).version);
      }
      assert.equal(versions.size, 4);
    }));

  it('leaves out pictures that the check could not read, not their products', () =>
    inFolder(async (folder) => {
      const files = await tinyFiles();
      const catalogue = await catalogueOf(folder, files);
      const unreadable = Object.keys(files)
        .filter((name) => name.endsWith('.jpg'))
        .slice(0, 5);
      const { counts } = await splitCatalogue({
        catalogue,
        unreadable,
        seed: 1,
        directory: join(folder, 's'),
      });
      const total = (of: 'rows' | 'pictures') => counts.train[of] + counts.validation[of] + counts.test[of];
      assert.deepEqual([total('rows'), total('pictures')], [27 * 4, 27 * 4 - 5]);
    }));

  it('is refused when a product has no code', () =>
    inFolder(async (folder) => {
      const rows = tinyRows();
      const catalogue = await catalogueOf(folder, {
        'X_train_update.csv': xTable(rows),
        'Y_train_CVw08PX.csv': yTable(rows.slice(1)),
      });
      const directory = join(folder, 'split');
      await assert.rejects(splitCatalogue({ catalogue, seed: 1, directory }), {
        code: 'CATALOGUE_LABEL_MISSING',
      });
      assert.deepEqual(await readdir(directory), []);
    }));
});
