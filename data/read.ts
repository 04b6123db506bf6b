import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import { writeAtomic } from './atomic.ts';
import { type CatalogueRef, type DatasetRow, type Product, pictureFile } from './catalogue.ts';
import { readCsv } from './csv.ts';
import { readManifest } from './manifest.ts';
import { isTypeCode, type TypeCode } from './type-codes.ts';

const WRITE_CHARACTERS = 1 << 16;

/** Products of an X file, in file order. Errors: see readCsv. */
export async function* readProductTable(file: string): AsyncGenerator<Product> {
  const columns = ['designation', 'description', 'productid', 'imageid'] as const;
  for await (const record of readCsv(file, columns)) {
    yield {
      row: record.row,
      designation: textOf(record.designation),
      description: textOf(record.description),
      productId: record.productid.trim(),
      imageId: record.imageid.trim(),
    };
  }
}

/** Codes of a Y file as written there, in file order. Errors: see readCsv. */
export async function* readLabelTable(file: string): AsyncGenerator<{ row: string; code: string }> {
  for await (const record of readCsv(file, ['prdtypecode'])) {
    yield { row: record.row, code: record.prdtypecode.trim() };
  }
}

/** null when `code` is none of the 27. */
export function parseTypeCode(code: string): TypeCode | null {
  const value = /^\d{1,4}$/.test(code) ? Number(code) : Number.NaN;
  return isTypeCode(value) ? value : null;
}

/**
 * The products of one part of the catalogue with their codes (train part, when there is a Y file; joined by the
 * index column, never by position) and pictures (those in the manifest). One pass, in file order.
 * @throws EtiquetteError as readCsv, and CATALOGUE_INDEX_DUPLICATE, CATALOGUE_CODE_INVALID, CATALOGUE_CODE_UNKNOWN
 */
export async function* readProducts(
  catalogue: CatalogueRef,
  part: 'train' | 'test',
): AsyncGenerator<DatasetRow> {
  const { directory, files } = catalogue;
  const manifest = await readManifest(catalogue.manifest);
  const codes = part === 'train' ? await readCodes(join(directory, files.yTrain)) : null;
  const seen = new Set<string>();
  for await (const product of readProductTable(
    join(directory, part === 'train' ? files.xTrain : files.xTest),
  )) {
    if (seen.has(product.row)) throw duplicate(product.row);
    seen.add(product.row);
    const file = `${files.images}/${pictureFile(part, product.imageId, product.productId)}`;
    const entry = Object.hasOwn(manifest, file) ? manifest[file] : undefined;
    yield {
      ...product,
      code: codes?.get(product.row) ?? null,
      picture: entry === undefined ? null : { file, sha256: entry.sha256 },
    };
  }
}

async function readCodes(file: string): Promise<Map<string, TypeCode> | null> {
  if ((await stat(file).catch(() => undefined)) === undefined) return null;
  const codes = new Map<string, TypeCode>();
  for await (const { row, code } of readLabelTable(file)) {
    const known = parseTypeCode(code);
    if (known === null) {
      const numeric = /^\d+$/.test(code);
      throw new EtiquetteError(
        numeric ? 'CATALOGUE_CODE_UNKNOWN' : 'CATALOGUE_CODE_INVALID',
        `Row ${row} has the code "${code.slice(0, 40)}", which is none of the 27 type codes. Correct or remove the row.`,
      );
    }
    if (codes.has(row)) throw duplicate(row);
    codes.set(row, known);
  }
  return codes;
}

function duplicate(row: string): EtiquetteError {
  return new EtiquetteError(
    'CATALOGUE_INDEX_DUPLICATE',
    `The index ${row} stands twice. Give every row its own index.`,
  );
}

/** pandas writes a missing text as nothing or as "nan". */
function textOf(field: string): string {
  const text = field.trim();
  return text.toLowerCase() === 'nan' ? '' : text;
}

/**
 * The rows of an ndjson file that writeRows made.
 * @throws EtiquetteError DATASET_CORRUPT naming the line
 */
export async function* readRows(file: string): AsyncGenerator<DatasetRow> {
  const handle = await open(file);
  try {
    let line = 0;
    for await (const text of handle.readLines()) {
      line++;
      try {
        yield JSON.parse(text) as DatasetRow;
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw new EtiquetteError(
          'DATASET_CORRUPT',
          `${file}, line ${line}, is damaged. Split the catalogue again.`,
        );
      }
    }
  } finally {
    await handle.close();
  }
}

/** One JSON object a line, fields in a fixed order: the same rows give the same bytes. */
export async function writeRows(
  file: string,
  rows: Iterable<DatasetRow> | AsyncIterable<DatasetRow>,
): Promise<void> {
  await writeAtomic(file, toLines(rows));
}

async function* toLines(rows: Iterable<DatasetRow> | AsyncIterable<DatasetRow>): AsyncGenerator<string> {
  let lines = '';
  for await (const { row, designation, description, productId, imageId, code, picture, weight } of rows) {
    const fields = { row, designation, description, productId, imageId, code, picture, weight };
    lines += `${JSON.stringify(fields)}\n`;
    // A write a row would take longer than all the rest.
    if (lines.length < WRITE_CHARACTERS) continue;
    yield lines;
    lines = '';
  }
  yield lines;
}
