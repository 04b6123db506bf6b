import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extractPictures } from '../../data/extract.ts';
import { inFolder, writeFiles } from '../support/tiny-catalogue.ts';
import { type ZipEntry, zipOf } from '../support/zip.ts';

const picture = (number: number) => `image_train/image_${number}_product_${number}.jpg`;

function pictures(count: number, root = 'images/'): ZipEntry[] {
  return Array.from({ length: count }, (_, number) => ({
    name: root + picture(number),
    data: randomBytes(1000 + number),
  }));
}

function withArchive(
  entries: readonly ZipEntry[],
  work: (archive: string, directory: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, 'images.zip'), zipOf(entries));
    await work(join(folder, 'images.zip'), join(folder, 'images'));
  });
}

describe('Extracting pictures', () => {
  for (const root of ['images/', '']) {
    it(`takes pictures below "${root}" of the archive`, () => {
      const entries = pictures(3, root);
      return withArchive(entries, async (archive, directory) => {
        const result = await extractPictures({ archive, directory });
        assert.deepEqual(result, { written: 3, kept: 0, ignored: 0 });
        for (const [number, { data }] of entries.entries()) {
          assert.ok((await readFile(join(directory, picture(number)))).equals(data));
        }
      });
    });
  }

  it('ignores and counts what is no picture of the challenge', () =>
    withArchive(
      [
        ...pictures(1),
        { name: 'images/image_train/', data: Buffer.alloc(0) },
        { name: 'images/image_train/Thumbs.db', data: Buffer.from('x') },
        { name: '__MACOSX/._images', data: Buffer.from('x') },
        { name: 'images/image_train/script.sh', data: Buffer.from('x') },
      ],
      async (archive, directory) => {
        assert.deepEqual(await extractPictures({ archive, directory }), { written: 1, kept: 0, ignored: 3 });
        assert.equal((await readdir(directory, { recursive: true })).length, 2);
      },
    ));

  it('goes on after a stop: whole pictures stay untouched, damaged and half-written ones are done again', () => {
    const entries = pictures(12);
    return withArchive(entries, async (archive, directory) => {
      const abort = new AbortController();
      const stopped = extractPictures({
        archive,
        directory,
        signal: abort.signal,
        onFraction: (fraction) => fraction > 0.4 && abort.abort(new Error('stop')),
      });
      await assert.rejects(stopped, /stop/);
      const before = (await readdir(join(directory, 'image_train'))).filter((name) => name.endsWith('.jpg'));
      assert.ok(before.length >= 4 && before.length < 12);
      const whole = join(directory, 'image_train', before[1]!);
      const { mtimeMs } = await stat(whole);
      // One picture of the right size and the wrong content; and what a kill leaves.
      const damaged = join(directory, 'image_train', before[0]!);
      await writeFile(damaged, Buffer.alloc((await stat(damaged)).size));
      await writeFiles(directory, { 'image_train/image_99_product_99.jpg.part': 'half' });

      const { written, kept } = await extractPictures({ archive, directory });
      assert.deepEqual([written, kept], [12 - before.length + 1, before.length - 1]);
      assert.equal((await stat(whole)).mtimeMs, mtimeMs);
      for (const [number, { data }] of entries.entries()) {
        assert.ok((await readFile(join(directory, picture(number)))).equals(data));
      }
      assert.equal((await readdir(join(directory, 'image_train'))).length, 12);
    });
  });

  it('can be stopped at any moment, and a damaged entry beside good ones ends nothing but itself', () => {
    const large = Array.from({ length: 40 }, (_, number) => ({
      name: picture(number),
      data: randomBytes(80_000),
      ...(number === 39 ? { crc: 1 } : {}),
    }));
    return withArchive(large, async (archive, directory) => {
      for (let stop = 0; stop < 10; stop++) {
        const abort = new AbortController();
        const running = extractPictures({
          archive,
          directory: `${directory}-${stop}`,
          signal: abort.signal,
          onFraction: (fraction) => fraction > stop / 10 && abort.abort(new Error('stop')),
        });
        await assert.rejects(running, /stop|damaged/);
      }
      await assert.rejects(extractPictures({ archive, directory }), { code: 'CATALOGUE_ARCHIVE_CORRUPT' });
    });
  });

  it('leaves no picture of an earlier archive behind', () =>
    withArchive(pictures(2), async (archive, directory) => {
      await writeFiles(directory, { 'image_test/image_1_product_1.jpg': 'old' });
      await extractPictures({ archive, directory });
      assert.deepEqual(await readdir(join(directory, 'image_test')), []);
    }));

  it('keeps to its limits of entries and bytes', () =>
    withArchive(pictures(3), async (archive, directory) => {
      for (const limits of [{ entries: 2 }, { bytes: 2500 }, { entryBytes: 1001 }]) {
        await assert.rejects(extractPictures({ archive, directory, limits }), {
          code: 'CATALOGUE_ARCHIVE_BOMB',
        });
      }
      await assert.rejects(readdir(directory), { code: 'ENOENT' });
    }));
});
