import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogueRef, CHALLENGE_FILES } from '../../data/catalogue.ts';
import { checkCatalogue } from '../../data/check.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { isEtiquetteError } from '../../errors.ts';
import { type Fault, type ServedRequest, serveFiles } from '../support/file-server.ts';
import {
  type Files,
  inFolder,
  tinyPictures,
  tinyRows,
  writeFiles,
  X_HEADER,
  xTable,
  Y_HEADER,
  yTable,
} from '../support/tiny-catalogue.ts';
import { type ZipEntry, zipOf } from '../support/zip.ts';

const X = CHALLENGE_FILES.xTrain;
const Y = CHALLENGE_FILES.yTrain;
const ZIP = CHALLENGE_FILES.imagesArchive;
const PAGE = '<!DOCTYPE html>\n<html><head><title>503</title></head><body>Sorry, no</body></html>\n';
const IMPATIENT = {
  timeouts: { connect: 400, idle: 400 },
  retry: { attempts: 2, firstDelay: 1, mostDelay: 2 },
};
const MOST_MEGABYTES = 200;

const rows = tinyRows();
const first = rows[0]!;
let pictures: ZipEntry[] = [];

interface BadCatalogue {
  /** The exact code, thrown by the fetch or the only error of the check's report. */
  readonly code: string;
  /** Files that differ from a good catalogue's; null takes one away. */
  readonly files?: () => Record<string, string | Uint8Array | null>;
  /** Served by HTTP with this misbehaviour; else taken from a folder. */
  readonly fault?: (request: ServedRequest) => Fault | undefined;
}

const archive = (...extra: ZipEntry[]) => ({ [ZIP]: zipOf([...pictures, ...extra]) });
const only = (path: string, fault: Fault) => (request: ServedRequest) =>
  request.path === `/${path}` ? fault : undefined;
const inArchive = (name: string) => `images/image_train/${name}`;

const BAD: Readonly<Record<string, BadCatalogue>> = {
  // The archive of pictures.
  'a zip cut short': {
    code: 'CATALOGUE_ARCHIVE_CORRUPT',
    files: () => ({ [ZIP]: zipOf(pictures).subarray(0, -2000) }),
  },
  'no zip at all': { code: 'CATALOGUE_ARCHIVE_CORRUPT', files: () => ({ [ZIP]: randomBytes(5000) }) },
  'an empty zip file': { code: 'CATALOGUE_ARCHIVE_CORRUPT', files: () => ({ [ZIP]: '' }) },
  'a zip damaged in the middle': {
    code: 'CATALOGUE_ARCHIVE_CORRUPT',
    files: () => {
      const zip = zipOf(pictures);
      return { [ZIP]: zip.fill(0xff, zip.length / 3, zip.length / 3 + 600) };
    },
  },
  'a picture with a wrong CRC': {
    code: 'CATALOGUE_ARCHIVE_CORRUPT',
    files: () => archive({ name: inArchive('image_5_product_5.jpg'), data: Buffer.from('x'), crc: 1 }),
  },
  'a path that escapes': {
    code: 'CATALOGUE_ARCHIVE_PATH',
    files: () => archive({ name: 'images/image_train/../../../escaped.jpg', data: Buffer.from('x') }),
  },
  'an absolute path': {
    code: 'CATALOGUE_ARCHIVE_PATH',
    files: () => archive({ name: '/tmp/image_1_product_1.jpg', data: Buffer.from('x') }),
  },
  'a path with backslashes': {
    code: 'CATALOGUE_ARCHIVE_PATH',
    files: () => archive({ name: '..\\escaped.jpg', data: Buffer.from('x') }),
  },
  'a symbolic link': {
    code: 'CATALOGUE_ARCHIVE_LINK',
    files: () =>
      archive({
        name: inArchive('image_5_product_5.jpg'),
        data: Buffer.from('/etc/passwd'),
        mode: 0o120777,
      }),
  },
  'an encrypted entry': {
    code: 'CATALOGUE_ARCHIVE_ENCRYPTED',
    files: () => archive({ name: inArchive('image_5_product_5.jpg'), data: randomBytes(50), flags: 1 }),
  },
  'the same picture twice': {
    code: 'CATALOGUE_ARCHIVE_DUPLICATE',
    files: () => archive(pictures[0]!),
  },
  'a bomb by ratio': {
    code: 'CATALOGUE_ARCHIVE_BOMB',
    files: () => archive({ name: inArchive('image_5_product_5.jpg'), data: Buffer.alloc(15_000_000) }),
  },
  'a bomb by size': {
    code: 'CATALOGUE_ARCHIVE_BOMB',
    files: () =>
      archive({
        name: inArchive('image_5_product_5.jpg'),
        data: randomBytes(100),
        announcedSize: 4_000_000_000,
      }),
  },
  'a bomb by number of entries': {
    code: 'CATALOGUE_ARCHIVE_BOMB',
    files: () => ({ [ZIP]: zipOf(pictures, 50_000_000) }),
  },
  'a bomb that lies about its size': {
    code: 'CATALOGUE_ARCHIVE_CORRUPT',
    files: () =>
      archive({
        name: inArchive('image_5_product_5.jpg'),
        data: Buffer.alloc(50_000_000),
        announcedSize: 1000,
      }),
  },

  // The tables.
  'products without designation': {
    code: 'CATALOGUE_COLUMN_MISSING',
    files: () => ({ [X]: xTable(rows).replace('designation', 'titre') }),
  },
  'products without an index': {
    code: 'CATALOGUE_COLUMN_MISSING',
    files: () => ({ [X]: 'designation,description,productid,imageid\nLivre,,1,2\n' }),
  },
  'codes under another name': {
    code: 'CATALOGUE_COLUMN_MISSING',
    files: () => ({ [Y]: yTable(rows).replace('prdtypecode', 'code') }),
  },
  'an empty index': {
    code: 'CATALOGUE_INDEX_INVALID',
    files: () => ({ [X]: `${xTable(rows)},Livre,,1,2\n` }),
  },
  'an index twice among products': {
    code: 'CATALOGUE_INDEX_DUPLICATE',
    files: () => ({ [X]: xTable([...rows, { ...first, designation: 'Autre' }]) }),
  },
  'an index twice among codes': {
    code: 'CATALOGUE_INDEX_DUPLICATE',
    files: () => ({ [Y]: yTable([...rows, first]) }),
  },
  'a code that is none of the 27': {
    code: 'CATALOGUE_CODE_UNKNOWN',
    files: () => ({ [X]: xTable([...rows, extra]), [Y]: yTable([...rows, { row: extra.row, code: 9999 }]) }),
  },
  'a code that is no number': {
    code: 'CATALOGUE_CODE_INVALID',
    files: () => ({
      [X]: xTable([...rows, extra]),
      [Y]: yTable([...rows, { row: extra.row, code: 'livres' }]),
    }),
  },
  'products without codes': {
    code: 'CATALOGUE_LABEL_MISSING',
    files: () => ({ [X]: xTable([...rows, extra]) }),
  },
  'codes without products': {
    code: 'CATALOGUE_LABEL_UNMATCHED',
    files: () => ({ [Y]: yTable([...rows, { row: extra.row, code: 10 }]) }),
  },
  'a class without rows': {
    code: 'CATALOGUE_CLASS_TOO_SMALL',
    files: () => ({ [X]: xTable(rows.slice(3)), [Y]: yTable(rows.slice(3)) }),
  },
  'headers and no rows': { code: 'CATALOGUE_NO_ROWS', files: () => ({ [X]: X_HEADER, [Y]: Y_HEADER }) },
  'an empty file': { code: 'CATALOGUE_FILE_EMPTY', files: () => ({ [X]: '' }) },
  'no file of codes': { code: 'CATALOGUE_FILE_MISSING', files: () => ({ [Y]: null }) },
  'no tables': { code: 'CATALOGUE_NOT_FOUND', files: () => ({ [X]: null, [Y]: null }) },
  'a binary file': { code: 'CATALOGUE_ENCODING', files: () => ({ [X]: randomBytes(100_000) }) },
  'NUL bytes': {
    code: 'CATALOGUE_ENCODING',
    files: () => ({ [X]: xTable(rows).replace('Produit', 'Pro\0duit') }),
  },
  'Latin-1 text': {
    code: 'CATALOGUE_ENCODING',
    files: () => ({ [X]: Buffer.from(xTable(rows).replace('Produit', 'Été'), 'latin1') }),
  },
  'a quote that is never closed': {
    code: 'CATALOGUE_CSV_INVALID',
    files: () => ({ [X]: `${xTable(rows)}9,"Livre sans fin,,1,2\n` }),
  },
  'a line with a field too many': {
    code: 'CATALOGUE_CSV_INVALID',
    files: () => ({ [X]: `${xTable(rows)}9,Livre,,1,2,3\n` }),
  },
  'a field of 30 MB': {
    code: 'CATALOGUE_FIELD_TOO_LARGE',
    files: () => ({ [X]: `${xTable(rows)}9,"${'long '.repeat(6_000_000)}",,1,2\n` }),
  },
  'an error page saved as a table': { code: 'CATALOGUE_NOT_CSV', files: () => ({ [X]: PAGE }) },
  'pictures that are none': {
    code: 'CATALOGUE_PICTURE_UNREADABLE',
    files: () => ({ [ZIP]: zipOf(pictures.map(({ name }) => ({ name, data: Buffer.from(PAGE + name) }))) }),
  },

  // The server.
  'a server that answers with a web page': {
    code: 'DOWNLOAD_IS_HTML',
    fault: only(X, { body: PAGE, headers: { 'content-type': 'text/html; charset=utf-8' } }),
  },
  'a web page called a zip by its server': {
    code: 'DOWNLOAD_IS_HTML',
    fault: only(ZIP, { body: PAGE, headers: { 'content-type': 'application/zip' } }),
  },
  'a server without the table': { code: 'DOWNLOAD_NOT_FOUND', fault: only(X, { status: 404 }) },
  'a server that wants a login': { code: 'DOWNLOAD_REFUSED', fault: only(Y, { status: 401 }) },
  'a server that is broken': { code: 'DOWNLOAD_SERVER_ERROR', fault: () => ({ status: 500 }) },
  'a server that never answers': { code: 'DOWNLOAD_TIMEOUT', fault: only(X, { hang: 'headers' }) },
  'a server that stops in the middle': {
    code: 'DOWNLOAD_TIMEOUT',
    fault: ({ path, range }) =>
      path === `/${X}` ? { hang: 'body', cutAfter: range === null ? 100 : 0 } : undefined,
  },
  'a server that always cuts the connection': {
    code: 'DOWNLOAD_INTERRUPTED',
    fault: only(ZIP, { cutAfter: 0 }),
  },
  'a server that redirects in a circle': {
    code: 'DOWNLOAD_REDIRECT',
    fault: only(X, { status: 302, headers: { location: `/${X}` } }),
  },
  'a server that redirects to a file': {
    code: 'DOWNLOAD_REDIRECT',
    fault: only(X, { status: 302, headers: { location: 'file:///etc/passwd' } }),
  },
};

const extra = { ...first, row: '999999', designation: 'Produit de trop', description: 'Nouveau' };

async function codesOf(bad: BadCatalogue, folder: string): Promise<string[]> {
  const files = Object.entries({
    [X]: xTable(rows),
    [Y]: yTable(rows),
    [ZIP]: zipOf(pictures),
    ...bad.files?.(),
  }).filter((entry): entry is [string, string | Uint8Array] => entry[1] !== null);
  await writeFiles(join(folder, 'source'), Object.fromEntries(files) satisfies Files);
  const server = bad.fault && (await serveFiles({ directory: join(folder, 'source'), fault: bad.fault }));
  let catalogue: CatalogueRef;
  try {
    catalogue = await fetchCatalogue({
      source: server?.url ?? join(folder, 'source'),
      directory: join(folder, 'work'),
      files: CHALLENGE_FILES,
      ...IMPATIENT,
    });
  } catch (error) {
    assert.ok(isEtiquetteError(error), `not a coded error: ${error}`);
    assert.ok(
      !(await readdir(join(folder, 'work'))).includes('manifest.json'),
      'a failed fetch has no manifest',
    );
    return [error.code];
  } finally {
    await server?.close();
  }
  const report = await checkCatalogue({ catalogue });
  assert.equal(report.passed, false);
  return report.problems.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

describe('A bad catalogue', () => {
  let least: number;
  let most = 0;
  let timer: NodeJS.Timeout;

  before(async () => {
    const files = await tinyPictures(rows);
    pictures = Object.entries(files).map(([name, data]) => ({ name: `images/${name}`, data }));
    least = process.memoryUsage().rss;
    const watch = () => {
      most = Math.max(most, process.memoryUsage().rss);
    };
    timer = setInterval(watch, 20);
  });

  after(() => {
    clearInterval(timer);
    const megabytes = (most - least) / 1e6;
    assert.ok(megabytes < MOST_MEGABYTES, `memory grew by ${megabytes} MB`);
  });

  for (const [name, bad] of Object.entries(BAD)) {
    it(`with ${name}: ${bad.code}`, () =>
      inFolder(async (folder) => {
        assert.deepEqual(await codesOf(bad, folder), [bad.code]);
        const left = await readdir(folder, { recursive: true });
        assert.deepEqual(
          left.filter((path) => /\.(tmp|part)$|escaped/.test(path)),
          [],
          'nothing half-written is left',
        );
      }));
  }
});
