import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../data/catalogue.ts';
import { readRows, writeRows } from '../../data/read.ts';

/** The same dataset in another folder, in which the first rows of a part count five times. */
export async function weightedDataset(
  dataset: DatasetRef,
  part: 'train' | 'validation',
  directory: string,
): Promise<DatasetRef> {
  for (const name of ['train', 'validation'] as const) {
    const rows: DatasetRow[] = [];
    for await (const row of readRows(join(dataset.directory, `${name}.ndjson`))) rows.push(row);
    const weigh = (row: DatasetRow, place: number) => (place < 20 ? { ...row, weight: 5 } : row);
    await writeRows(join(directory, `${name}.ndjson`), name === part ? rows.map(weigh) : rows);
  }
  return { ...dataset, directory };
}
