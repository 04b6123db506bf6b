import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type CatalogueRef, CHALLENGE_FILES, PARTS, type Part } from '../../data/catalogue.ts';
import { checkCatalogue } from '../../data/check.ts';
import { splitCatalogue } from '../../data/dataset.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { readProducts, readRows } from '../../data/read.ts';
import { rakutenSample } from '../support/skip.ts';
import { inFolder } from '../support/tiny-catalogue.ts';

describe('The real sample of the challenge', () => {
  let source: string;
  before(function () {
    source = rakutenSample(this);
  });
  const fetch = (folder: string): Promise<CatalogueRef> =>
    fetchCatalogue({ source, directory: join(folder, 'work'), files: CHALLENGE_FILES });

  it('passes the check, with a warning of the 1,235 products without picture', () =>
    inFolder(async (folder) => {
      const report = await checkCatalogue({ catalogue: await fetch(folder) });
      assert.equal(report.passed, true);
      assert.deepEqual(report.rows, { train: 1661, test: 250 });
      assert.deepEqual(report.unreadable, []);
      const missing = report.problems.find(({ code }) => code === 'CATALOGUE_PICTURE_MISSING');
      assert.deepEqual([missing?.severity, missing?.count], ['warning', 1235]);
    }));

  it('gives 1,661 labelled products, 426 with a picture, and 250 without label', () =>
    inFolder(async (folder) => {
      const catalogue = await fetch(folder);
      const count = { train: 0, pictures: 0, test: 0 };
      for await (const { code, picture } of readProducts(catalogue, 'train')) {
        assert.notEqual(code, null);
        count.train++;
        if (picture !== null) count.pictures++;
      }
      for await (const { code, picture } of readProducts(catalogue, 'test')) {
        assert.equal(code, null);
        assert.notEqual(picture, null);
        count.test++;
      }
      assert.deepEqual(count, { train: 1661, pictures: 426, test: 250 });
    }));

  it('keeps the share of every code within a row of what it is to be', () =>
    inFolder(async (folder) => {
      const catalogue = await fetch(folder);
      for (const seed of [1, 2, 42]) {
        const { directory } = await splitCatalogue({ catalogue, seed, directory: join(folder, `${seed}`) });
        const counts = new Map<number | null, Record<Part, number>>();
        for (const part of PARTS) {
          for await (const { code } of readRows(join(directory, `${part}.ndjson`))) {
            const own = counts.get(code) ?? { train: 0, validation: 0, test: 0 };
            own[part] += 1;
            counts.set(code, own);
          }
        }
        for (const [code, { train, validation, test }] of counts) {
          const share = 0.15 * (train + validation + test);
          for (const found of [validation, test])
            assert.ok(Math.abs(found - share) <= 1, `${code}: ${found}`);
        }
      }
    }));

  it('splits with every code in every part', () =>
    inFolder(async (folder) => {
      const catalogue = await fetch(folder);
      const { directory, counts } = await splitCatalogue({
        catalogue,
        seed: 42,
        directory: join(folder, 's'),
      });
      assert.equal(counts.train.rows + counts.validation.rows + counts.test.rows, 1661);
      for (const part of ['train', 'validation', 'test']) {
        const codes = new Set<number | null>();
        for await (const { code } of readRows(join(directory, `${part}.ndjson`))) codes.add(code);
        assert.equal(codes.size, 27, part);
      }
    }));
});
