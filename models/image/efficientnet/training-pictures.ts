import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DatasetRef } from '../../../data/catalogue.ts';
import { readRows } from '../../../data/read.ts';
import { groupProducts, normaliseText, type SplitRow } from '../../../data/split.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { rowWeights } from '../../linear/row-weights.ts';

/** The labelled rows with a picture of train.ndjson, then those of validation.ndjson: what is learned from. */
export interface TrainingPictures {
  /** SHA-256 of each picture. */
  readonly pictures: readonly string[];
  /** Index of TYPE_CODES of each. */
  readonly labels: readonly number[];
  /** The product of each; rows of one product (same picture or same text) have the same number. */
  readonly products: readonly number[];
  /** The place of each among all labelled rows. */
  readonly places: readonly number[];
  /** How many times each counts; null: once each. */
  readonly weights: Float32Array | null;
  /** How many labelled rows there are, with and without a picture. */
  readonly rows: number;
  readonly counts: { readonly train: number; readonly validation: number };
}

export async function readTrainingPictures(dataset: DatasetRef): Promise<TrainingPictures> {
  const rows: (SplitRow & { readonly weight: number })[] = [];
  const counts = { train: 0, validation: 0 };
  for (const part of ['train', 'validation'] as const) {
    for await (const row of readRows(join(dataset.directory, `${part}.ndjson`))) {
      if (row.code === null) continue;
      const text = normaliseText(row);
      rows.push({
        row: `${rows.length}`,
        code: row.code,
        picture: row.picture?.sha256 ?? null,
        weight: row.weight ?? 1,
        // Its hash: the texts of a large catalogue would fill the memory.
        text: text && createHash('sha256').update(text).digest('base64'),
      });
      if (row.picture) counts[part] += 1;
    }
  }
  const product = new Uint32Array(rows.length);
  groupProducts(rows).forEach((group, number) => {
    for (const row of group.rows) product[Number(row)] = number;
  });
  const seen = rows.flatMap(({ picture, code, weight }, place) =>
    picture === null ? [] : [{ picture, place, weight, label: TYPE_CODES.indexOf(code) }],
  );
  return {
    pictures: seen.map(({ picture }) => picture),
    labels: seen.map(({ label }) => label),
    products: seen.map(({ place }) => product[place] as number),
    places: seen.map(({ place }) => place),
    weights: rowWeights(seen.map(({ weight }) => weight)),
    rows: rows.length,
    counts,
  };
}
