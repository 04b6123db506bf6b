import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { type CatalogueRef, CHALLENGE_FILES, type DatasetRow } from '../../data/catalogue.ts';
import { checkCatalogue } from '../../data/check.ts';
import { splitCatalogue } from '../../data/dataset.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { readProducts, readRows } from '../../data/read.ts';
import { generateSample } from '../../data/sample/generate.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';
import { inFolder } from '../support/tiny-catalogue.ts';

const SMALL = { productsPerCode: 6, testProducts: 5, pictureSize: 64 };

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

/** Share of `test` whose nearest class mean (cosine) is its own. */
function nearestMean(train: Example[], test: Example[]): number {
  const means = new Map<number, Map<string, number>>();
  for (const { code, features } of train) {
    const mean = means.get(code) ?? new Map<string, number>();
    for (const [key, value] of features) mean.set(key, (mean.get(key) ?? 0) + value);
    means.set(code, mean);
  }
  const cosine = (a: Map<string, number>, b: Map<string, number>) => {
    let dot = 0;
    for (const [key, value] of a) dot += value * (b.get(key) ?? 0);
    return dot / Math.hypot(...b.values());
  };
  const right = test.filter(({ code, features }) => {
    const best = [...means].reduce((x, y) => (cosine(features, y[1]) > cosine(features, x[1]) ? y : x));
    return best[0] === code;
  });
  return right.length / test.length;
}

interface Example {
  readonly code: number;
  readonly features: Map<string, number>;
}

function wordsOf(row: DatasetRow): Example {
  const text = `${row.designation} ${row.description}`.toLowerCase().replace(/<[^>]*>/g, ' ');
  return { code: row.code!, features: new Map((text.match(/\p{L}{3,}/gu) ?? []).map((word) => [word, 1])) };
}

/** How much of the picture has each hue, and its brightness on a coarse grid. */
async function lookOf(row: DatasetRow, directory: string): Promise<Example> {
  const small = sharp(join(directory, row.picture!.file)).resize(48, 48, { fit: 'fill' });
  const pixels = await small.clone().raw().toBuffer();
  const grey = await small.clone().resize(8, 8).greyscale().raw().toBuffer();
  const features = new Map<string, number>();
  for (let at = 0; at < pixels.length; at += 3) {
    const [r, g, b] = [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
    const most = Math.max(r, g, b);
    const spread = most - Math.min(r, g, b);
    if (spread < 60) continue;
    const turn =
      most === r ? (6 + (g - b) / spread) % 6 : most === g ? 2 + (b - r) / spread : 4 + (r - g) / spread;
    const hue = `hue ${Math.floor(turn * 3)}`;
    features.set(hue, (features.get(hue) ?? 0) + 1 / 200);
  }
  for (const [place, value] of grey.entries()) features.set(`light ${place}`, (255 - value) / 255);
  return { code: row.code!, features };
}

describe('The generated sample', () => {
  const fetch = (folder: string): Promise<CatalogueRef> =>
    fetchCatalogue({
      source: join(folder, 'sample'),
      directory: join(folder, 'work'),
      files: CHALLENGE_FILES,
    });

  it('is a catalogue in the challenge’s layout that passes the check, all 27 codes', () =>
    inFolder(async (folder) => {
      await generateSample({ directory: join(folder, 'sample'), ...SMALL });
      const catalogue = await fetch(folder);
      const report = await checkCatalogue({ catalogue });
      assert.equal(report.passed, true);
      assert.deepEqual(report.rows, { train: 27 * 6, test: 5 });
      assert.equal(catalogue.pictures, 27 * 6 + 5);
      assert.deepEqual(
        report.classes.map(({ code, rows }) => [code, rows]),
        TYPE_CODES.map((code) => [code, 6]),
      );
    }));

  it('looks like sellers’ texts: accents, HTML and entities at times, at times no description', () =>
    inFolder(async (folder) => {
      await generateSample({ directory: join(folder, 'sample'), ...SMALL });
      const rows = await all(readProducts(await fetch(folder), 'train'));
      const share = (test: (row: DatasetRow) => boolean) => rows.filter(test).length / rows.length;
      assert.ok(share(({ description }) => description === '') > 0.2);
      assert.ok(share(({ description }) => /<p|<br/.test(description)) > 0.2);
      assert.ok(share(({ description }) => /&eacute;/.test(description)) > 0.05);
      assert.ok(share(({ designation }) => /[éèàêû]/.test(designation)) > 0.2);
      assert.ok(
        rows.some(({ row }, place) => Number(row) !== place),
        'the index is no position',
      );
    }));

  it('is the same to the byte for the same seed, and another for another', () =>
    inFolder(async (folder) => {
      const contents = async (name: string, seed: number) => {
        const directory = join(folder, name);
        await generateSample({ directory, ...SMALL, productsPerCode: 2, seed });
        const entries = await readdir(directory, { recursive: true, withFileTypes: true });
        const files = entries
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name));
        return Promise.all(
          files
            .sort()
            .map(async (file) => [file.slice(directory.length), (await readFile(file)).toString('base64')]),
        );
      };
      const one = await contents('one', 1);
      assert.deepEqual(await contents('two', 1), one);
      assert.notDeepEqual(await contents('three', 2), one);
    }));

  it('is hard enough: text alone and picture alone are far above chance, and both err', () =>
    inFolder(async (folder) => {
      await generateSample({ directory: join(folder, 'sample'), pictureSize: 64 });
      const catalogue = await fetch(folder);
      const { directory } = await splitCatalogue({ catalogue, seed: 1, directory: join(folder, 'split') });
      const train = await all(readRows(join(directory, 'train.ndjson')));
      const test = await all(readRows(join(directory, 'test.ndjson')));
      const text = nearestMean(train.map(wordsOf), test.map(wordsOf));
      const look = (row: DatasetRow) => lookOf(row, catalogue.directory);
      const picture = nearestMean(await Promise.all(train.map(look)), await Promise.all(test.map(look)));
      assert.ok(text > 0.5 && text < 0.93, `text: ${text}`);
      assert.ok(picture > 0.2 && picture < 0.8, `picture: ${picture}`);
    }));
});
