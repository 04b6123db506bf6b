import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type CatalogueRef, type Product, pictureFile } from './catalogue.ts';
import type { CheckLimits, CheckReport } from './check-report.ts';
import { forEachConcurrently } from './concurrency.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { pictureProblem } from './picture.ts';
import { Problems } from './problems.ts';
import { parseTypeCode, readLabelTable, readProductTable } from './read.ts';
import { normaliseText } from './split.ts';
import { TYPE_CODES, type TypeCode } from './type-codes.ts';

export type { CheckLimits, CheckProblem, CheckReport } from './check-report.ts';
export { writeCheckReport } from './check-report.ts';

/**
 * Three rows a code are the least that can be split; products without a picture take part in text, so any
 * share of them may pass.
 */
export const DEFAULT_LIMITS: CheckLimits = {
  minRowsPerCode: 3,
  maxMissingPictures: 1,
  maxUnreadablePictures: 0.05,
  maxEmptyTexts: 0.05,
  maxDuplicates: 0.5,
};

const PICTURES_AT_ONCE = 4;

export interface CheckOptions {
  readonly catalogue: CatalogueRef;
  readonly limits?: Partial<CheckLimits>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { fraction: number; message: string }) => void;
}

/**
 * The gate in front of training: reads every row and decodes every picture. What is wrong with the catalogue
 * comes out in the report, coded as the errors of data/read.ts; only failures of the machine are thrown.
 */
export async function checkCatalogue(options: CheckOptions): Promise<CheckReport> {
  const { catalogue, signal } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const manifest = await readManifest(catalogue.manifest);
  const problems = new Problems();
  const progress = (fraction: number, message: string) => options.onProgress?.({ fraction, message });

  progress(0, 'Reading codes');
  const labels = await readLabels(catalogue, problems, signal);
  progress(0.02, 'Reading products');
  const train = await readPart(catalogue, 'train', manifest, labels, problems, signal);
  const hasTest = Object.hasOwn(manifest, catalogue.files.xTest);
  const test = hasTest
    ? await readPart(catalogue, 'test', manifest, null, problems, signal)
    : { rows: 0, missing: 0, classes: new Map<TypeCode, ClassCount>() };
  const rows = train.rows + test.rows;
  const missing = train.missing + test.missing;

  const unreadable = await decodePictures(catalogue, manifest, problems, signal, (part) =>
    progress(0.1 + 0.9 * part, 'Decoding pictures'),
  );
  const classes = TYPE_CODES.map((code) => ({
    code,
    ...(train.classes.get(code) ?? { rows: 0, pictures: 0 }),
  }));
  if (labels !== null && train.rows > 0) {
    for (const { code, rows } of classes) {
      if (rows < limits.minRowsPerCode) problems.add('CATALOGUE_CLASS_TOO_SMALL', `${code}: ${rows} row(s)`);
    }
  }

  const list = problems.list({
    CATALOGUE_PICTURE_MISSING: missing > limits.maxMissingPictures * rows,
    CATALOGUE_PICTURE_UNREADABLE: unreadable.length > limits.maxUnreadablePictures * catalogue.pictures,
    CATALOGUE_TEXT_EMPTY: problems.count('CATALOGUE_TEXT_EMPTY') > limits.maxEmptyTexts * rows,
    CATALOGUE_PRODUCT_DUPLICATE: problems.count('CATALOGUE_PRODUCT_DUPLICATE') > limits.maxDuplicates * rows,
    CATALOGUE_PRODUCT_CONFLICT: false,
  });
  progress(1, 'Checked');
  return {
    passed: list.every(({ severity }) => severity === 'warning'),
    contentHash: catalogue.contentHash,
    limits,
    rows: { train: train.rows, test: test.rows },
    pictures: { files: catalogue.pictures, missing, unreadable: unreadable.length },
    classes,
    problems: list,
    unreadable,
  };
}

/** Index -> code (null when it is not one of the 27); null when the file cannot be read. */
async function readLabels(
  catalogue: CatalogueRef,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<Map<string, TypeCode | null> | null> {
  const labels = new Map<string, TypeCode | null>();
  const file = catalogue.files.yTrain;
  const whole = await problems.gather(file, async () => {
    for await (const { row, code } of readLabelTable(join(catalogue.directory, file))) {
      signal?.throwIfAborted();
      if (labels.has(row)) problems.add('CATALOGUE_INDEX_DUPLICATE', `${file}, index ${row}`);
      const known = parseTypeCode(code);
      labels.set(row, known);
      if (known !== null) continue;
      const kind = /^\d+$/.test(code) ? 'CATALOGUE_CODE_UNKNOWN' : 'CATALOGUE_CODE_INVALID';
      problems.add(kind, `${file}, index ${row}: "${code.slice(0, 40)}"`);
    }
  });
  return whole ? labels : null;
}

interface ClassCount {
  rows: number;
  pictures: number;
}

async function readPart(
  catalogue: CatalogueRef,
  part: 'train' | 'test',
  manifest: Manifest,
  labels: Map<string, TypeCode | null> | null,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<{ rows: number; missing: number; classes: Map<TypeCode, ClassCount> }> {
  const file = part === 'train' ? catalogue.files.xTrain : catalogue.files.xTest;
  const seen = new Set<string>();
  const codeOf = new Map<string, TypeCode | null>();
  const classes = new Map<TypeCode, ClassCount>();
  let rows = 0;
  let missing = 0;
  const whole = await problems.gather(file, async () => {
    for await (const product of readProductTable(join(catalogue.directory, file))) {
      signal?.throwIfAborted();
      rows++;
      const place = `${file}, index ${product.row}`;
      if (seen.has(product.row)) problems.add('CATALOGUE_INDEX_DUPLICATE', place);
      seen.add(product.row);
      const code = labels?.get(product.row);
      if (labels !== null && code === undefined) problems.add('CATALOGUE_LABEL_MISSING', place);

      const pictureName = `${catalogue.files.images}/${pictureFile(part, product.imageId, product.productId)}`;
      const picture = Object.hasOwn(manifest, pictureName) ? manifest[pictureName]?.sha256 : undefined;
      if (picture === undefined) {
        missing++;
        problems.add('CATALOGUE_PICTURE_MISSING', `${place}: ${pictureName}`);
      }
      if (product.designation === '' && product.description === '')
        problems.add('CATALOGUE_TEXT_EMPTY', place);
      compare(product, picture, code ?? null, codeOf, problems, place);
      if (code === undefined || code === null) continue;
      const counted = classes.get(code) ?? { rows: 0, pictures: 0 };
      counted.rows++;
      if (picture !== undefined) counted.pictures++;
      classes.set(code, counted);
    }
    if (rows === 0) problems.add('CATALOGUE_NO_ROWS', file);
  });
  if (whole && labels !== null) {
    for (const row of labels.keys()) {
      if (!seen.has(row))
        problems.add('CATALOGUE_LABEL_UNMATCHED', `${catalogue.files.yTrain}, index ${row}`);
    }
  }
  return { rows, missing, classes };
}

/** Counts a row whose text or picture was there before, and whether it was under another code. */
function compare(
  product: Product,
  picture: string | undefined,
  code: TypeCode | null,
  codeOf: Map<string, TypeCode | null>,
  problems: Problems,
  place: string,
): void {
  const text = normaliseText(product);
  const keys = [
    ...(text === '' ? [] : [createHash('sha256').update(text).digest('base64url')]),
    ...(picture === undefined ? [] : [picture]),
  ];
  const repeated = keys.find((key) => codeOf.has(key));
  if (repeated !== undefined) {
    problems.add('CATALOGUE_PRODUCT_DUPLICATE', place);
    if (codeOf.get(repeated) !== code) problems.add('CATALOGUE_PRODUCT_CONFLICT', place);
  }
  for (const key of keys) if (!codeOf.has(key)) codeOf.set(key, code);
}

async function decodePictures(
  catalogue: CatalogueRef,
  manifest: Manifest,
  problems: Problems,
  signal: AbortSignal | undefined,
  onFraction: (fraction: number) => void,
): Promise<string[]> {
  const tables: ReadonlySet<string> = new Set([
    catalogue.files.xTrain,
    catalogue.files.yTrain,
    catalogue.files.xTest,
  ]);
  const pictures = Object.keys(manifest).filter((name) => !tables.has(name));
  const found = new Map<string, string>();
  let decoded = 0;
  await forEachConcurrently(pictures, PICTURES_AT_ONCE, async (name) => {
    signal?.throwIfAborted();
    const problem = await pictureProblem(join(catalogue.directory, name));
    if (problem !== null) found.set(name, problem);
    decoded++;
    if (decoded % 20 === 0 || decoded === pictures.length) onFraction(decoded / pictures.length);
  });
  // Sorted: the order in which decoders end must not show in the report.
  const names = [...found.keys()].sort();
  for (const name of names) problems.add('CATALOGUE_PICTURE_UNREADABLE', `${name}: ${found.get(name)}`);
  return names;
}
