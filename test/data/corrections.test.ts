import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { CHALLENGE_FILES, type DatasetRow } from '../../data/catalogue.ts';
import { checkCatalogue } from '../../data/check.ts';
import { type CorrectedProduct, exportCorrections, type Increment } from '../../data/corrections.ts';
import { readProducts } from '../../data/read.ts';
import { decodeRgb } from '../../models/image/picture.ts';
import { inFolder, jpeg } from '../support/tiny-catalogue.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

function corrected(name: string, more: Partial<CorrectedProduct> = {}): CorrectedProduct {
  return {
    ...{ id: name, at: '2026-01-02T03:04:05.678Z', inputsHash: hash(name), code: 2583 },
    ...{ designation: `Produit ${name}`, description: '', picture: null },
    ...more,
  };
}

async function made(corrections: readonly CorrectedProduct[], root: string): Promise<Increment> {
  return (await exportCorrections(corrections, root)) ?? assert.fail('nothing was exported');
}

async function rowsOf({ catalogue }: Increment): Promise<DatasetRow[]> {
  const rows = [];
  for await (const row of readProducts(catalogue, 'train')) rows.push(row);
  return rows;
}

/** Path -> bytes of every file below a folder. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.map(
    async (file) => [file.slice(folder.length), await readFile(file, 'base64')] as const,
  );
  return Object.fromEntries((await Promise.all(read)).sort(([one], [other]) => (one < other ? -1 : 1)));
}

describe('corrections as a catalogue', () => {
  it('are products with text, picture and code, as the catalogue’s own reader reads them', () =>
    inFolder(async (folder) => {
      const picture = await jpeg(7);
      const increment = await made(
        [corrected('a', { picture, description: 'Ronde', code: 60 }), corrected('b')],
        folder,
      );
      const rows = await rowsOf(increment);
      const one = rows.find(({ code }) => code === 60) ?? assert.fail();
      assert.deepEqual([one.designation, one.description], ['Produit a', 'Ronde']);
      assert.equal(one.picture?.sha256, createHash('sha256').update(picture).digest('hex'));
      assert.deepEqual(await readFile(join(increment.catalogue.directory, one.picture.file)), picture);
      const other = rows.find(({ code }) => code === 2583) ?? assert.fail();
      assert.deepEqual([other.picture, rows.length, increment.rows], [null, 2, 2]);
    }));

  for (const [what, text] of [
    ['quotes, commas and line ends', 'a "b", c\r\nd\re\nf""'],
    ['a carriage return alone', 'a\rb'],
    ['a line that looks like a page', '<html>\n<!doctype html>'],
    ['formulas, emoji and accents', '=1+1;\t@é😀\ufeff–'],
    ['900,000 bytes', 'é'.repeat(450_000)],
    ['900,000 quotes', '"'.repeat(900_000)],
  ] as const) {
    it(`hold texts as they were sent: ${what}`, () =>
      inFolder(async (folder) => {
        const increment = await made([corrected('a', { designation: text })], folder);
        assert.equal((await rowsOf(increment))[0]?.designation, text.trim());
      }));
  }

  it('have ids that no product of Rakuten has, the same in every export', () =>
    inFolder(async (folder) => {
      const [one] = await rowsOf(await made([corrected('a')], folder));
      const both = await rowsOf(await made([corrected('b'), corrected('a', { code: 60 })], folder));
      for (const id of [one?.row, one?.productId, one?.imageId])
        assert.match(id ?? '', /^correction-[0-9a-f]{32}$/);
      assert.ok(both.some(({ row }) => row === one?.row));
    }));

  it('are the same bytes and the same version in whatever order they come', async () => {
    const corrections = [
      corrected('a', { picture: await jpeg(1) }),
      corrected('b', { code: 60 }),
      corrected('a', { id: 'later', at: '2026-01-03T00:00:00.000Z', code: 50, picture: await jpeg(1) }),
    ];
    const seen: unknown[] = [];
    for (const order of [
      corrections,
      corrections.toReversed(),
      [...corrections.slice(1), ...corrections.slice(0, 1)],
    ]) {
      await inFolder(async (folder) => {
        const { version, catalogue } = await made(order, folder);
        seen.push([version, catalogue.contentHash, await filesOf(folder)]);
      });
    }
    assert.deepEqual([seen[1], seen[2]], [seen[0], seen[0]]);
  });

  it('count once a product, with the latest', () =>
    inFolder(async (folder) => {
      const increment = await made(
        [
          corrected('a', { id: '1', at: '2026-01-03T00:00:00.000Z', code: 60 }),
          corrected('a', { id: '2', at: '2026-01-02T00:00:00.000Z', code: 50 }),
        ],
        folder,
      );
      assert.deepEqual(
        (await rowsOf(increment)).map(({ code }) => code),
        [60],
      );
    }));

  it('have another version with another code, and the earlier one stays', () =>
    inFolder(async (folder) => {
      const one = await made([corrected('a')], folder);
      const two = await made([corrected('a', { code: 60 })], folder);
      assert.deepEqual((await readdir(folder)).sort(), [one.version, two.version].sort());
      assert.equal(two.catalogue.directory, join(folder, two.version));
    }));

  it('are written once, and again only where somebody changed them', () =>
    inFolder(async (folder) => {
      const { catalogue } = await made([corrected('a')], folder);
      const table = join(catalogue.directory, CHALLENGE_FILES.xTrain);
      const content = await readFile(table, 'utf8');
      await utimes(table, 1, 1);
      assert.deepEqual((await made([corrected('a')], folder)).catalogue, catalogue);
      assert.equal((await stat(table)).mtimeMs, 1000);
      await writeFile(table, content.replace('Produit', 'Autre'));
      await made([corrected('a')], folder);
      assert.equal(await readFile(table, 'utf8'), content);
    }));

  it('are the same folder for exports at the same time', () =>
    inFolder(async (folder) => {
      const both = await Promise.all(['one', 'other'].map(() => made([corrected('a')], folder)));
      assert.equal(both[0]?.catalogue.directory, both[1]?.catalogue.directory);
      assert.deepEqual(await readdir(folder), [both[0]?.version]);
    }));

  it('are nothing where there are none', () =>
    inFolder(async (folder) => {
      assert.equal(await exportCorrections([], folder), null);
      assert.deepEqual(await readdir(folder), []);
    }));

  it('leave nothing half written when they are stopped', () =>
    inFolder(async (folder) => {
      const stop = new AbortController();
      async function* corrections(): AsyncGenerator<CorrectedProduct> {
        yield corrected('a', { picture: await jpeg(1) });
        stop.abort();
        yield corrected('b');
      }
      await assert.rejects(exportCorrections(corrections(), folder, stop.signal), { name: 'AbortError' });
      assert.deepEqual(await readdir(folder), []);
    }));

  it('clear away what a killed export left, but not what another one writes', () =>
    inFolder(async (folder) => {
      for (const name of ['.writing-old', '.writing-now']) await mkdir(join(folder, name));
      await utimes(join(folder, '.writing-old'), 1, 1);
      await exportCorrections([], folder);
      assert.deepEqual(await readdir(folder), ['.writing-now']);
    }));
});

describe('a correction’s picture', () => {
  const noise = () => {
    const background = '#2080c0';
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    return sharp({ create: { width: 24, height: 16, channels: 3, background, noise } });
  };
  const stored = async (picture: Uint8Array, folder: string) => {
    const increment = await made([corrected('a', { picture })], folder);
    const [row] = await rowsOf(increment);
    const report = await checkCatalogue({ catalogue: increment.catalogue });
    assert.deepEqual(report.unreadable, []);
    return await readFile(join(increment.catalogue.directory, row?.picture?.file ?? assert.fail()));
  };

  for (const [format, encode] of [
    ['JPEG', (picture: Sharp) => picture.jpeg()],
    ['PNG', (picture: Sharp) => picture.png()],
    ['WebP', (picture: Sharp) => picture.webp()],
    ['GIF', (picture: Sharp) => picture.gif()],
  ] as const) {
    it(`keeps its bytes as ${format}`, () =>
      inFolder(async (folder) => {
        const picture = await encode(noise()).toBuffer();
        assert.deepEqual(await stored(picture, folder), picture);
      }));
  }

  for (const [what, encode] of [
    ['TIFF', (picture: Sharp) => picture.tiff({ compression: 'lzw' })],
    ['AVIF', (picture: Sharp) => picture.avif({ effort: 0 })],
    [
      'TIFF on its side',
      (picture: Sharp) => picture.withMetadata({ orientation: 6 }).tiff({ compression: 'lzw' }),
    ],
  ] as const) {
    it(`becomes a PNG of the same pixels, as the model sees them, from ${what}`, () =>
      inFolder(async (folder) => {
        const picture = await encode(noise()).toBuffer();
        const kept = await stored(picture, folder);
        assert.equal((await sharp(kept).metadata()).format, 'png');
        const see = { size: 32, resize: 'lanczos' } as const;
        assert.deepEqual(await decodeRgb(kept, see), await decodeRgb(picture, see));
      }));
  }

  it('that cannot be decoded stays as it is, for the check to report', () =>
    inFolder(async (folder) => {
      const picture = Buffer.from('II*\0 no picture');
      const increment = await made([corrected('a', { picture })], folder);
      const { unreadable } = await checkCatalogue({ catalogue: increment.catalogue });
      assert.equal(unreadable.length, 1);
    }));
});
