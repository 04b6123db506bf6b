import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { CHALLENGE_FILES } from '../../data/catalogue.ts';
import type { BenchCatalogue } from '../catalogue.ts';

/** Writes some rows of a catalogue as a catalogue of their own, in the challenge's layout. */
export async function writeCatalogue(
  directory: string,
  { directory: from, rows }: BenchCatalogue,
): Promise<void> {
  const { xTrain, yTrain, images } = CHALLENGE_FILES;
  await mkdir(join(directory, images, 'image_train'), { recursive: true });
  const products = rows.map(({ row, designation, description, productId, imageId }) => [
    ...[row, designation, description, productId, imageId],
  ]);
  const header = ['', 'designation', 'description', 'productid', 'imageid'];
  await writeFile(join(directory, xTrain), stringify([header, ...products]));
  const codes = rows.map(({ row, code }) => [row, code]);
  await writeFile(join(directory, yTrain), stringify([['', 'prdtypecode'], ...codes]));
  for (const { picture } of rows) {
    if (picture === null) continue;
    const to = join(directory, picture.file);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(join(from, picture.file), to);
  }
}
