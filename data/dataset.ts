import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import { writeAtomic } from './atomic.ts';
import type { CatalogueRef, DatasetRef, DatasetRow, Part } from './catalogue.ts';
import { hashFile } from './manifest.ts';
import { readProducts, writeRows } from './read.ts';
import { normaliseText, ORIGINAL_SPLIT, type SplitParameters, type SplitRow, splitRows } from './split.ts';

const PARTS: readonly Part[] = ['train', 'validation', 'test'];

export interface SplitOptions {
  readonly catalogue: CatalogueRef;
  /** Pictures that the check could not read: their rows take part in text only. */
  readonly unreadable?: readonly string[];
  readonly seed: number;
  readonly parameters?: Partial<SplitParameters>;
  readonly directory: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { fraction: number; message: string }) => void;
}

/**
 * Splits the catalogue's train part into `<directory>/{train,validation,test}.ndjson` and writes split.json.
 * The files hold no path of this machine: the same catalogue elsewhere gives the same bytes.
 * @throws EtiquetteError CATALOGUE_LABEL_MISSING, CATALOGUE_NO_ROWS, and as readProducts
 */
export async function splitCatalogue(options: SplitOptions): Promise<DatasetRef> {
  const { catalogue, seed, directory, signal } = options;
  const parameters: SplitParameters = { ...ORIGINAL_SPLIT, ...options.parameters };
  const unreadable = [...new Set(options.unreadable)].sort();
  await mkdir(directory, { recursive: true });

  const rows = () => labelledRows(catalogue, new Set(unreadable), signal);
  const keys: SplitRow[] = [];
  for await (const row of rows()) keys.push(splitKey(row));
  if (keys.length === 0) {
    throw new EtiquetteError(
      'CATALOGUE_NO_ROWS',
      `${catalogue.files.xTrain} has no rows. Put products into the catalogue.`,
    );
  }
  const parts = splitRows(keys, { seed, ...parameters });

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
    await writeRows(file, ofPart(rows(), part, parts, counts[part]));
    files[part] = await hashFile(file);
  }
  const content = { contentHash: catalogue.contentHash, seed, parameters, unreadable, counts, files };
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
  await writeAtomic(join(directory, 'split.json'), `${JSON.stringify({ version, ...content }, null, 2)}\n`);
  options.onProgress?.({ fraction: 1, message: 'Split' });
  return { version, directory, catalogueDirectory: catalogue.directory, counts };
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
