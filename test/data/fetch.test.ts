import assert from 'node:assert/strict';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHALLENGE_FILES } from '../../data/catalogue.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { readManifest } from '../../data/manifest.ts';
import { type FileServerOptions, serveFiles } from '../support/file-server.ts';
import {
  type Files,
  inFolder,
  tinyPictures,
  tinyRows,
  writeFiles,
  xTable,
  yTable,
} from '../support/tiny-catalogue.ts';
import { zipOf } from '../support/zip.ts';

const rows = tinyRows();
const files = CHALLENGE_FILES;
let tables: Files;
let loose: Files;
let packed: Files;

/** A server of the packed catalogue in `<folder>/site`. */
async function withSite(
  options: Omit<FileServerOptions, 'directory'>,
  work: (site: Awaited<ReturnType<typeof serveFiles>>, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await writeFiles(join(folder, 'site'), packed);
    const server = await serveFiles({ directory: join(folder, 'site'), ...options });
    try {
      await work(server, folder);
    } finally {
      await server.close();
    }
  });
}

describe('Fetching a catalogue', () => {
  before(async () => {
    const pictures = Object.entries(await tinyPictures(rows));
    tables = {
      [files.xTrain]: xTable(rows),
      [files.yTrain]: yTable(rows),
      [files.xTest]: xTable(rows.slice(0, 2)),
    };
    loose = {
      ...tables,
      ...Object.fromEntries(pictures.map(([name, data]) => [`images/${name}`, data])),
      'images/image_train/Thumbs.db': 'not part of it',
    };
    packed = {
      ...tables,
      'images.zip': zipOf(pictures.map(([name, data]) => ({ name: `images/${name}`, data }))),
    };
  });

  it('uses a folder with pictures where it is, even a read-only one, and lists every file outside it', () =>
    inFolder(async (folder) => {
      const source = join(folder, 'source');
      await writeFiles(source, loose);
      await chmod(source, 0o555);
      const before = await readdir(source, { recursive: true });
      const catalogue = await fetchCatalogue({ source, directory: join(folder, 'work'), files });
      assert.equal(catalogue.directory, source);
      assert.equal(catalogue.pictures, rows.length);
      assert.deepEqual(await readdir(source, { recursive: true }), before);
      const manifest = await readManifest(catalogue.manifest);
      assert.equal(Object.keys(manifest).length, 3 + rows.length);
      assert.ok(!(await readFile(catalogue.manifest, 'utf8')).includes(folder));
      assert.deepEqual(await readdir(join(folder, 'work')), ['manifest.json']);
      await chmod(source, 0o755);
    }));

  it('has one content hash for one content: as a folder, with an archive, from a server', () =>
    withSite({}, async (site, folder) => {
      await writeFiles(join(folder, 'loose'), loose);
      const hashes = new Set<string>();
      for (const [place, source] of [join(folder, 'loose'), join(folder, 'site'), site.url].entries()) {
        const catalogue = await fetchCatalogue({ source, directory: join(folder, `work-${place}`), files });
        hashes.add(catalogue.contentHash);
      }
      assert.equal(hashes.size, 1);
    }));

  it('has another content hash when one byte of a picture or a table changes', () =>
    inFolder(async (folder) => {
      const source = join(folder, 'source');
      const hash = async () =>
        (await fetchCatalogue({ source, directory: join(folder, 'work'), files })).contentHash;
      await writeFiles(source, loose);
      const before = await hash();
      await writeFile(join(source, 'images', rows[0]!.picture), 'other');
      const picture = await hash();
      await writeFile(join(source, files.yTrain), yTable(rows).replace(',10\n', ',40\n'));
      assert.equal(new Set([before, picture, await hash()]).size, 3);
    }));

  it('allows a catalogue without pictures and without a test table', () =>
    withSite({}, async (site, folder) => {
      await rm(join(folder, 'site', 'images.zip'));
      await rm(join(folder, 'site', files.xTest));
      for (const [place, source] of [join(folder, 'site'), site.url].entries()) {
        const catalogue = await fetchCatalogue({ source, directory: join(folder, `work-${place}`), files });
        assert.equal(catalogue.pictures, 0);
      }
    }));

  it('downloads nothing again when nothing changed', () =>
    withSite({}, async (site, folder) => {
      const options = { source: site.url, directory: join(folder, 'work'), files };
      const first = await fetchCatalogue(options);
      const served = site.served();
      assert.deepEqual(await fetchCatalogue(options), first);
      assert.equal(site.served(), served);
    }));

  it('drops what is gone from the source', () =>
    withSite({}, async (site, folder) => {
      const options = { source: site.url, directory: join(folder, 'work'), files };
      await fetchCatalogue(options);
      await rm(join(folder, 'site', 'images.zip'));
      const { pictures, manifest } = await fetchCatalogue(options);
      assert.equal(pictures, 0);
      assert.equal(Object.keys(await readManifest(manifest)).length, 3);
    }));

  it('fetches a damaged archive again next time', () =>
    withSite({}, async (site, folder) => {
      const options = { source: site.url, directory: join(folder, 'work'), files };
      await fetchCatalogue(options);
      await writeFile(join(folder, 'work', 'images.zip'), Buffer.alloc((packed['images.zip'] ?? '').length));
      await assert.rejects(fetchCatalogue(options), { code: 'CATALOGUE_ARCHIVE_CORRUPT' });
      assert.equal((await fetchCatalogue(options)).pictures, rows.length);
    }));

  it('tells how far it is, from 0 to 1 and never backwards', () =>
    withSite({ bytesPerSecond: 400_000 }, async (site, folder) => {
      const fractions: number[] = [];
      await fetchCatalogue({
        source: site.url,
        directory: join(folder, 'work'),
        files,
        onProgress: ({ fraction }) => fractions.push(fraction),
      });
      assert.deepEqual(
        fractions,
        [...fractions].sort((a, b) => a - b),
      );
      assert.equal(fractions.at(-1), 1);
    }));
});
