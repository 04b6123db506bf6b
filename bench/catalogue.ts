import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { catalogueDirectory, catalogueFiles } from '../activities/fetch.ts';
import { type Config, PROJECT } from '../config.ts';
import { CHALLENGE_FILES, type DatasetRow } from '../data/catalogue.ts';
import { fetchCatalogue } from '../data/fetch.ts';
import { readProducts } from '../data/read.ts';
import { generateSample } from '../data/sample/generate.ts';
import { normaliseText, type SplitRow } from '../data/split.ts';
import type { TypeCode } from '../data/type-codes.ts';

export type LabelledRow = DatasetRow & { readonly code: TypeCode };

export interface BenchCatalogue {
  readonly directory: string;
  readonly rows: readonly LabelledRow[];
}

/**
 * The labelled rows of BENCH_CATALOGUE; without it of the real sample where there is one (RAKUTEN_SAMPLE, or
 * beside the project), else of an invented one, whose figures say little.
 */
export async function benchCatalogue(config: Config, say: (line: string) => void): Promise<BenchCatalogue> {
  const { BENCH_CATALOGUE, RAKUTEN_SAMPLE, INIT_CWD } = process.env;
  const real = resolve(PROJECT, RAKUTEN_SAMPLE ?? '../shared/data/rakuten-sample');
  if (BENCH_CATALOGUE) return readCatalogue(config, resolve(INIT_CWD ?? '.', BENCH_CATALOGUE), say);
  if (existsSync(real)) return readCatalogue(config, real, say);
  say('No real catalogue: name one in BENCH_CATALOGUE. These figures are of invented products.');
  return inventedCatalogue(config, 40, say);
}

/** A catalogue of invented products with so many of each code, made once. */
export async function inventedCatalogue(
  config: Config,
  productsPerCode: number,
  say: (line: string) => void,
) {
  const directory = join(config.VAR_DIR, 'bench', `sample-${productsPerCode}`);
  // The Y file is written last.
  if (!existsSync(join(directory, CHALLENGE_FILES.yTrain))) {
    await generateSample({ directory, productsPerCode, testProducts: 0 });
  }
  return readCatalogue({ ...config, ...CHALLENGE_NAMES }, directory, say);
}

/** Variables that name a catalogue's files as the challenge does. */
export const CHALLENGE_NAMES = {
  CATALOGUE_X_TRAIN: CHALLENGE_FILES.xTrain,
  CATALOGUE_Y_TRAIN: CHALLENGE_FILES.yTrain,
  CATALOGUE_X_TEST: CHALLENGE_FILES.xTest,
  CATALOGUE_IMAGES: CHALLENGE_FILES.images,
};

async function readCatalogue(
  config: Config,
  source: string,
  say: (line: string) => void,
): Promise<BenchCatalogue> {
  const catalogue = await fetchCatalogue({
    source,
    directory: catalogueDirectory(config, source),
    files: catalogueFiles(config),
  });
  const rows: LabelledRow[] = [];
  for await (const row of readProducts(catalogue, 'train')) {
    if (row.code !== null) rows.push({ ...row, code: row.code });
  }
  const pictures = rows.filter(({ picture }) => picture !== null).length;
  say(`${source}: ${rows.length} labelled rows, ${pictures} with a picture.`);
  return { directory: catalogue.directory, rows };
}

/** What tells whether two rows are the same product. */
export function splitRowOf(row: LabelledRow): SplitRow {
  return { row: row.row, code: row.code, picture: row.picture?.sha256 ?? null, text: normaliseText(row) };
}
