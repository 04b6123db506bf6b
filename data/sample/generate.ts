import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../atomic.ts';
import { CHALLENGE_FILES, type Product, pictureFile } from '../catalogue.ts';
import { forEachConcurrently } from '../concurrency.ts';
import { random, shuffled } from '../random.ts';
import { TYPE_CODES, type TypeCode } from '../type-codes.ts';
import { drawPicture } from './drawing.ts';
import { pick, writeText } from './text.ts';

/** Share of products whose text or picture shows another code's product. */
const MISLEADING = 0.04;
const PICTURES_AT_ONCE = 4;

export interface SampleOptions {
  readonly directory: string;
  readonly productsPerCode?: number;
  readonly testProducts?: number;
  readonly seed?: number;
  /** Width and height in pixels. */
  readonly pictureSize?: number;
  readonly onProgress?: (progress: { fraction: number; message: string }) => void;
}

interface SampleProduct extends Product {
  readonly part: 'train' | 'test';
  readonly code: TypeCode;
  readonly drawn: TypeCode;
}

/**
 * Writes a catalogue of invented products in the challenge's layout: all 27 codes, French texts, drawn pictures.
 * The same seed gives the same bytes. The Y file is written last: where it is, the sample is whole.
 */
export async function generateSample(options: SampleOptions): Promise<void> {
  const { directory, productsPerCode = 40, testProducts = 40, seed = 7, pictureSize = 224 } = options;
  const products = inventProducts(seed, productsPerCode, testProducts);
  const pictures = join(directory, CHALLENGE_FILES.images);
  for (const part of ['train', 'test']) await mkdir(join(pictures, `image_${part}`), { recursive: true });
  let drawn = 0;
  await forEachConcurrently(products, PICTURES_AT_ONCE, async (product) => {
    const picture = await drawPicture(
      product.drawn,
      pictureSize,
      random(seed, 'picture', product.part, product.row),
    );
    await writeFile(join(pictures, pictureFile(product.part, product.imageId, product.productId)), picture);
    drawn++;
    options.onProgress?.({ fraction: drawn / products.length, message: 'Drawing pictures' });
  });

  const train = products.filter(({ part }) => part === 'train');
  const test = products.filter(({ part }) => part === 'test');
  await writeAtomic(join(directory, CHALLENGE_FILES.xTrain), productTable(train));
  await writeAtomic(join(directory, CHALLENGE_FILES.xTest), productTable(test));
  await writeAtomic(
    join(directory, CHALLENGE_FILES.yTrain),
    csv([['', 'prdtypecode'], ...train.map(({ row, code }) => [row, `${code}`])]),
  );
}

function inventProducts(seed: number, productsPerCode: number, testProducts: number): SampleProduct[] {
  const next = random(seed, 'products');
  const trainCodes = TYPE_CODES.flatMap((code) => Array.from({ length: productsPerCode }, () => code));
  const testCodes = Array.from({ length: testProducts }, () => pick(TYPE_CODES, next));
  let row = 0;
  return [
    ...shuffled(trainCodes, next).map((code) => ({ code, part: 'train' as const })),
    ...testCodes.map((code) => ({ code, part: 'test' as const })),
  ].map(({ code, part }, place) => {
    // Rows are missing here and there, as in a real extract: the index is no position.
    row += 1 + Math.floor(next() * 3);
    const misleading = next() < MISLEADING ? pick(['text', 'picture'], next) : null;
    const other = pick(TYPE_CODES, next);
    return {
      ...writeText(misleading === 'text' ? other : code, next),
      row: `${row}`,
      productId: `${100_000_000 + place * 1_009 + Math.floor(next() * 1_000)}`,
      imageId: `${900_000_000 + place * 907 + Math.floor(next() * 900)}`,
      part,
      code,
      drawn: misleading === 'picture' ? other : code,
    };
  });
}

function productTable(products: readonly Product[]): string {
  return csv([
    ['', 'designation', 'description', 'productid', 'imageid'],
    ...products.map((product) => [
      product.row,
      product.designation,
      product.description,
      product.productId,
      product.imageId,
    ]),
  ]);
}

function csv(records: readonly (readonly string[])[]): string {
  const quoted = (field: string) => (/[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
  return records.map((record) => `${record.map(quoted).join(',')}\n`).join('');
}
