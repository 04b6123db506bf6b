import { join } from 'node:path';
import type { DatasetRef, DatasetRow, Part } from '../../../data/catalogue.ts';
import { readRows } from '../../../data/read.ts';
import { groupProducts, normaliseText, type SplitRow } from '../../../data/split.ts';
import { TYPE_CODES, type TypeCode } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { rowWeights } from '../../linear/row-weights.ts';
import type { JobContext } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { createFeatureCollector, type FeatureCollector } from '../ngram/features.ts';
import { keyOf } from '../sentence/store.ts';
import { sentencesOf } from '../sentence/texts.ts';

const PAUSE_EVERY = 100;

type LabelledRow = DatasetRow & { readonly code: TypeCode; readonly part: Part };

/** The labelled rows of train.ndjson, then those of validation.ndjson, in file order: what is learned from. */
export async function* labelledRows({ directory }: DatasetRef): AsyncGenerator<LabelledRow> {
  for (const part of ['train', 'validation'] as const) {
    for await (const row of readRows(join(directory, `${part}.ndjson`))) {
      if (row.code !== null) yield { ...row, code: row.code, part };
    }
  }
}

/** All rows that are learned from, without their texts: those would be most of a large catalogue in memory. */
export interface TrainingRows {
  readonly counts: { readonly train: number; readonly validation: number };
  readonly grams: FeatureCollector;
  /** Index of TYPE_CODES of every row. */
  readonly classes: Uint8Array;
  /** A number for every row; rows of one product (same picture or same text) have the same. */
  readonly products: Uint32Array;
  /** 1 for a row in which the n-grams find something to read. */
  readonly hasText: Uint8Array;
  /** The names of every row's two sentences in the store, [2 * rows]; empty when they are not asked for. */
  readonly keys: readonly string[];
  /** How many times each row counts; null: once each. */
  readonly weights: Float32Array | null;
}

/** @throws EtiquetteError DATASET_WITHOUT_TEXT */
export async function readTrainingRows(
  dataset: DatasetRef,
  { withKeys }: { readonly withKeys: boolean },
  context: JobContext,
): Promise<TrainingRows> {
  const counts = { train: 0, validation: 0, test: 0 };
  const grams = createFeatureCollector();
  const rows: SplitRow[] = [];
  const hasText: number[] = [];
  const keys: string[] = [];
  const weights: number[] = [];
  for await (const row of labelledRows(dataset)) {
    if (rows.length % PAUSE_EVERY === 0) await pause(context);
    counts[row.part] += 1;
    hasText.push(grams.add(row) > 0 ? 1 : 0);
    rows.push(splitRowOf(row, rows.length));
    weights.push(row.weight ?? 1);
    if (withKeys) {
      const { designation, whole } = sentencesOf(row);
      keys.push(keyOf(designation), keyOf(whole));
    }
  }
  if (!hasText.includes(1)) {
    throw new EtiquetteError(
      'DATASET_WITHOUT_TEXT',
      `${dataset.directory} has no labelled row with text. Training needs some: look at the catalogue's report.`,
    );
  }
  const classes = new Uint8Array(new SharedArrayBuffer(rows.length));
  classes.set(rows.map(({ code }) => TYPE_CODES.indexOf(code)));
  return {
    ...{ counts, grams, classes, keys },
    products: productsOf(rows),
    hasText: Uint8Array.from(hasText),
    weights: rowWeights(weights),
  };
}

function splitRowOf(row: LabelledRow, place: number): SplitRow {
  const text = normaliseText(row);
  return {
    row: `${place}`,
    code: row.code,
    picture: row.picture?.sha256 ?? null,
    text: text === '' ? '' : keyOf(text),
  };
}

function productsOf(rows: readonly SplitRow[]): Uint32Array {
  const result = new Uint32Array(rows.length);
  groupProducts(rows).forEach((group, number) => {
    for (const row of group.rows) result[Number(row)] = number;
  });
  return result;
}
