import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import { writeAtomic } from './atomic.ts';
import { type CatalogueRef, type DatasetRef, type DatasetRow, PARTS, type Part } from './catalogue.ts';
import type { Increment } from './corrections.ts';
import { hashFile } from './manifest.ts';
import { inIncrement, picturesDirectory } from './merged-pictures.ts';
import { readProducts, writeRows } from './read.ts';
import {
  normaliseText,
  ORIGINAL_SPLIT,
  type SplitParameters,
  type SplitRow,
  splitCorrections,
  splitRows,
} from './split.ts';

export interface SplitOptions {
  readonly catalogue: CatalogueRef;
  /** Pictures that the check could not read: their rows take part in text only. */
  readonly unreadable?: readonly string[];
  /** Products that people gave another code, taken in beside the catalogue's. */
  readonly corrections?: {
    readonly increment: Increment;
    /** How many times each counts in training. */
    readonly weight: number;
    readonly unreadable?: readonly string[];
  };
  readonly seed: number;
  readonly parameters?: Partial<SplitParameters>;
  readonly directory: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { fraction: number; message: string }) => void;
}

/**
 * Splits the catalogue's train part into `<directory>/{train,validation,test}.ndjson` and writes split.json.
 * A corrected product that is in the catalogue (same text and picture) replaces its rows there, any other is added.
 * The files hold no path of this machine: the same catalogue elsewhere gives the same bytes.
 * @throws EtiquetteError CATALOGUE_LABEL_MISSING, CATALOGUE_NO_ROWS, CATALOGUE_INDEX_DUPLICATE, and as readProducts
 */
export async function splitCatalogue(options: SplitOptions): Promise<DatasetRef> {
  const { catalogue, corrections, seed, directory, signal } = options;
  const parameters: SplitParameters = { ...ORIGINAL_SPLIT, ...options.parameters };
  const unreadable = sorted(options.unreadable);
  await mkdir(directory, { recursive: true });

  const catalogueRows = () => labelledRows(catalogue, new Set(unreadable), signal);
  const correctedRows = () => correctedRowsOf(corrections, signal);
  const keys = await keysOf(catalogueRows());
  if (keys.length === 0) {
    throw new EtiquetteError(
      'CATALOGUE_NO_ROWS',
      `${catalogue.files.xTrain} has no rows. Put products into the catalogue.`,
    );
  }
  const corrected = await keysOf(correctedRows());
  checkNames(keys, corrected);
  // By the catalogue's own rows and codes, so that no correction moves a product that it does not touch.
  const parts = splitRows(keys, { seed, ...parameters });
  for (const [row, part] of splitCorrections(corrected, keys, parts, seed)) parts.set(row, part);
  const theirs = new Set(corrected.map(productOf));
  for (const key of keys) if (theirs.has(productOf(key))) parts.delete(key.row);

  const counts = {
    train: { rows: 0, pictures: 0 },
    validation: { rows: 0, pictures: 0 },
    test: { rows: 0, pictures: 0 },
  };
  const files: Record<string, string> = {};
  // One pass a part: rows stream through, so memory does not grow with the catalogue's texts.
  for (const [place, part] of PARTS.entries()) {
    options.onProgress?.({ fraction: (place + 1) / 4, message: `Writing ${part}` });
    const file = join(directory, `${part}.ndjson`);
    const rows = oneAfterAnother(catalogueRows(), correctedRows());
    await writeRows(file, ofPart(rows, part, parts, counts[part]));
    files[part] = await hashFile(file);
  }
  const used = corrections && {
    corrections: {
      version: corrections.increment.version,
      rows: corrected.length,
      weight: corrections.weight,
    },
  };
  const content = {
    ...{ contentHash: catalogue.contentHash, seed, parameters, unreadable },
    ...(used && { ...used, unreadableCorrections: sorted(corrections.unreadable) }),
    ...{ counts, files },
  };
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
  await writeAtomic(join(directory, 'split.json'), `${JSON.stringify({ version, ...content }, null, 2)}\n`);
  options.onProgress?.({ fraction: 1, message: 'Split' });
  const pictures = await picturesDirectory(directory, catalogue, corrections?.increment);
  return { version, directory, catalogueDirectory: pictures, counts, ...used };
}

const sorted = (names: readonly string[] = []) => [...new Set(names)].sort();

/** Rows have their part by their name. Those of `exportCorrections` are like no other's; in a folder there may be any. */
function checkNames(catalogue: readonly SplitRow[], corrected: readonly SplitRow[]): void {
  const names = new Set(catalogue.map(({ row }) => row));
  const twice = corrected.find(({ row }) => names.has(row));
  if (!twice) return;
  throw new EtiquetteError(
    'CATALOGUE_INDEX_DUPLICATE',
    `The index ${twice.row} stands in the catalogue and in the corrections. Give the corrections indexes of their own.`,
  );
}

async function keysOf(rows: AsyncIterable<LabelledRow>): Promise<SplitRow[]> {
  const keys: SplitRow[] = [];
  for await (const row of rows) keys.push(splitKey(row));
  return keys;
}

/** Rows with neither text nor picture are each a product of their own. */
function productOf({ row, text, picture }: SplitRow): string {
  return text === '' && picture === null ? `row ${row}` : `${text} ${picture}`;
}

type LabelledRow = DatasetRow & { readonly code: NonNullable<DatasetRow['code']> };

async function* labelledRows(
  catalogue: CatalogueRef,
  unreadable: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<LabelledRow> {
  for await (const row of readProducts(catalogue, 'train')) {
    signal?.throwIfAborted();
    const { code, picture } = row;
    if (code === null) {
      throw new EtiquetteError(
        'CATALOGUE_LABEL_MISSING',
        `Row ${row.row} has no code in ${catalogue.files.yTrain}. Add it there or remove the row.`,
      );
    }
    const dropped = picture !== null && unreadable.has(picture.file);
    yield { ...row, code, picture: dropped ? null : picture };
  }
}

async function* correctedRowsOf(
  corrections: SplitOptions['corrections'],
  signal: AbortSignal | undefined,
): AsyncGenerator<LabelledRow> {
  if (corrections === undefined) return;
  const { increment, weight, unreadable } = corrections;
  for await (const row of labelledRows(increment.catalogue, new Set(unreadable), signal)) {
    const picture = row.picture && inIncrement(row.picture);
    yield { ...row, picture, ...(weight !== 1 && { weight }) };
  }
}

async function* oneAfterAnother<T>(...lists: ReadonlyArray<AsyncIterable<T>>): AsyncGenerator<T> {
  for (const list of lists) yield* list;
}

function splitKey(row: LabelledRow): SplitRow {
  const text = normaliseText(row);
  return {
    row: row.row,
    code: row.code,
    picture: row.picture?.sha256 ?? null,
    text: text === '' ? '' : createHash('sha256').update(text).digest('base64url'),
  };
}

async function* ofPart(
  rows: AsyncIterable<LabelledRow>,
  part: Part,
  parts: ReadonlyMap<string, Part>,
  count: { rows: number; pictures: number },
): AsyncGenerator<LabelledRow> {
  for await (const row of rows) {
    if (parts.get(row.row) !== part) continue;
    count.rows++;
    if (row.picture !== null) count.pictures++;
    yield row;
  }
}
