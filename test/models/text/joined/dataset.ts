import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../../../data/catalogue.ts';
import { random } from '../../../../data/random.ts';
import { writeRows } from '../../../../data/read.ts';
import { TYPE_CODES } from '../../../../data/type-codes.ts';

/** Six rows of each code that share a word, one of them for validation; one row has no text, one says nothing known. */
export async function makeDataset(directory: string): Promise<DatasetRef> {
  const next = random(1, 'dataset');
  const row = (designation: string, code: (typeof TYPE_CODES)[number]): DatasetRow => ({
    row: `${next()}`,
    productId: '1',
    imageId: '1',
    designation,
    description: next() < 0.5 ? '' : `<p>Vente n&deg; ${Math.floor(next() * 1000)}</p>`,
    code,
    picture: null,
  });
  const rows = (count: number) =>
    TYPE_CODES.flatMap((code) =>
      Array.from({ length: count }, () => row(`article produit${code} neuf`, code)),
    );
  const train = [...rows(5), { ...row('', 10), description: '' }];
  const validation = [...rows(1), { ...row('zzyzx', 2905), description: '' }];
  await writeRows(join(directory, 'train.ndjson'), train);
  await writeRows(join(directory, 'validation.ndjson'), validation);
  return {
    version: 'test',
    directory,
    catalogueDirectory: directory,
    counts: {
      train: { rows: train.length, pictures: 0 },
      validation: { rows: validation.length, pictures: 0 },
      test: { rows: 0, pictures: 0 },
    },
  };
}
