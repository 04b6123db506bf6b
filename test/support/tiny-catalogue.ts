import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { type CatalogueRef, CHALLENGE_FILES, pictureFile } from '../../data/catalogue.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';

/** File name -> content, as in a catalogue's folder. */
export type Files = Record<string, string | Uint8Array>;

/** Runs in a folder of its own, which is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'etiquette-data-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

export async function catalogueOf(folder: string, files: Files): Promise<CatalogueRef> {
  await writeFiles(join(folder, 'source'), files);
  return fetchCatalogue({
    source: join(folder, 'source'),
    directory: join(folder, 'work'),
    files: CHALLENGE_FILES,
  });
}

export interface TinyRow {
  readonly row: string;
  readonly code: number;
  readonly designation: string;
  readonly description: string;
  readonly picture: string;
}

export const X_HEADER = ',designation,description,productid,imageid\n';
export const Y_HEADER = ',prdtypecode\n';

/** `perCode` rows of each of the 27 codes, with an index that is no position. */
export function tinyRows(perCode = 3): TinyRow[] {
  return TYPE_CODES.flatMap((code, place) =>
    Array.from({ length: perCode }, (_, turn) => {
      const number = 1000 + (place * perCode + turn) * 7;
      return {
        row: `${number}`,
        code,
        designation: `Produit ${number}`,
        description: turn === 0 ? '' : `Description ${number}`,
        picture: pictureFile('train', `${number}1`, `${number}2`),
      };
    }),
  );
}

export function xTable(rows: readonly TinyRow[]): string {
  return (
    X_HEADER +
    rows
      .map(
        ({ row, designation, description }) => `${row},"${designation}","${description}",${row}2,${row}1\n`,
      )
      .join('')
  );
}

export function yTable(rows: ReadonlyArray<{ row: string; code: number | string }>): string {
  return Y_HEADER + rows.map(({ row, code }) => `${row},${code}\n`).join('');
}

/** A small JPEG; another shade, other bytes. */
export function jpeg(shade: number): Promise<Buffer> {
  const background = { r: shade % 256, g: (shade >> 3) % 256, b: (shade * 31) % 256 };
  return sharp({ create: { width: 16, height: 16, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** The pictures of the rows, by their names in the catalogue's pictures' folder. */
export async function tinyPictures(rows: readonly TinyRow[]): Promise<Record<string, Buffer>> {
  const entries = rows.map(async ({ picture, row }) => [picture, await jpeg(Number(row))] as const);
  return Object.fromEntries(await Promise.all(entries));
}
