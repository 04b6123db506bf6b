import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { checkCatalogue, writeCheckReport } from '../../data/check.ts';
import { crc32 } from '../../data/crc32.ts';
import {
  catalogueOf,
  type Files,
  inFolder,
  tinyPictures,
  tinyRows,
  xTable,
  yTable,
} from '../support/tiny-catalogue.ts';

/** A PNG of `side` x `side` black pixels, one bit each: 25 KB for 196 megapixels. */
function blankPng(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  const pixels = deflateSync(Buffer.alloc((1 + Math.ceil(side / 8)) * side));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const rows = tinyRows(4);
let good: Files;

describe('The check of a catalogue', () => {
  before(async () => {
    good = {
      'X_train_update.csv': xTable(rows),
      'Y_train_CVw08PX.csv': yTable(rows),
    };
    for (const [name, bytes] of Object.entries(await tinyPictures(rows))) good[`images/${name}`] = bytes;
  });

  const check = (files: Files, limits = {}) =>
    inFolder(async (folder) => checkCatalogue({ catalogue: await catalogueOf(folder, files), limits }));

  it('passes a good one without a word', async () => {
    const report = await check(good);
    assert.equal(report.passed, true);
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.rows, { train: 108, test: 0 });
    assert.deepEqual(report.classes[0], { code: 10, rows: 4, pictures: 4 });
  });

  it('warns of missing pictures, and fails above the limit', async () => {
    const files = Object.fromEntries(
      Object.entries(good).filter(([, content]) => typeof content === 'string'),
    );
    const report = await check(files);
    assert.equal(report.passed, true);
    assert.deepEqual(
      report.problems.map(({ code, severity, count, examples }) => [code, severity, count, examples.length]),
      [['CATALOGUE_PICTURE_MISSING', 'warning', 108, 5]],
    );
    assert.equal((await check(files, { maxMissingPictures: 0.5 })).passed, false);
  });

  it('lists every unreadable picture: empty, cut short, no picture, a bomb by its header', async () => {
    const names = Object.keys(good).filter((name) => name.endsWith('.jpg'));
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 };
    const large = { width: 500, height: 500, channels: 3 as const, background: '#fff', noise };
    const whole = await sharp({ create: large }).jpeg().toBuffer();
    const files = {
      ...good,
      [names[0]!]: '',
      [names[1]!]: whole.subarray(0, whole.length / 2),
      [names[2]!]: '<html>not a picture</html>',
      [names[3]!]: blankPng(14_000),
      [names[4]!]: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    };
    const report = await check(files);
    assert.deepEqual(report.unreadable, names.slice(0, 5).sort());
    assert.equal(report.problems[0]?.code, 'CATALOGUE_PICTURE_UNREADABLE');
    assert.match(report.problems[0]?.examples.join() ?? '', /exceeds pixel limit/);
    assert.equal(report.passed, true, '5 of 108 is below the limit');
    assert.equal((await check(files, { maxUnreadablePictures: 0.01 })).passed, false);
  });

  it('warns of empty texts and repeated products, and of those under two codes', async () => {
    const changed = rows.map((row, place) => {
      if (place === 0) return { ...row, designation: '', description: '' };
      const repeated = place === 2 ? rows[1]! : place === 50 ? rows[20]! : row;
      return { ...row, designation: repeated.designation, description: repeated.description };
    });
    const report = await check({ ...good, 'X_train_update.csv': xTable(changed) });
    assert.deepEqual(
      report.problems.map(({ code, severity, count }) => [code, severity, count]),
      [
        ['CATALOGUE_PRODUCT_CONFLICT', 'warning', 1],
        ['CATALOGUE_PRODUCT_DUPLICATE', 'warning', 2],
        ['CATALOGUE_TEXT_EMPTY', 'warning', 1],
      ],
    );
  });

  it('can be stopped', () =>
    inFolder(async (folder) => {
      const catalogue = await catalogueOf(folder, good);
      const signal = AbortSignal.abort(new Error('cancelled'));
      await assert.rejects(checkCatalogue({ catalogue, signal }), /cancelled/);
    }));

  it('writes a report for programs and one for people, which catalogue text can not disfigure', () =>
    inFolder(async (folder) => {
      const broken = { ...good, 'Y_train_CVw08PX.csv': yTable([...rows, { row: '9', code: '<b>|x' }]) };
      const catalogue = await catalogueOf(folder, broken);
      const report = await checkCatalogue({ catalogue });
      await writeCheckReport(report, folder);
      assert.deepEqual(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')), report);
      const page = await readFile(join(folder, 'report.md'), 'utf8');
      assert.match(page, /\*\*Not passed\*\*: 2 error/);
      assert.match(page, /\| 10 \| Used books \| Livres d’occasion \| 4 \| 4 \|/);
      assert.ok(page.includes('&lt;b>\\|x'));
      assert.ok(!page.includes(folder));
    }));
});
