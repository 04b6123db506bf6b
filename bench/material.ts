import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeHash } from '../activities/code-hash.ts';
import { encoderSources } from '../activities/encoders.ts';
import type { Config } from '../config.ts';
import type { DatasetRef, Part } from '../data/catalogue.ts';
import { writeRows } from '../data/read.ts';
import { type Encoder, prepareEncoder } from '../models/encoders/prepare.ts';
import type { Family } from '../models/family.ts';
import { planShards } from '../models/image/features.ts';
import type {
  ChooseEngineInput,
  EngineChoice,
  FeatureShard,
  MlProcess,
  Parameters,
} from '../models/runtime/jobs.ts';
import { type BenchCatalogue, type LabelledRow, splitRowOf } from './catalogue.ts';
import { crossValidationSplits } from './folds.ts';

/** Writes rows as a dataset, as the pipeline's split leaves them. */
export async function writeDataset(
  directory: string,
  catalogue: BenchCatalogue,
  parts: Readonly<Record<Part, readonly LabelledRow[]>>,
): Promise<DatasetRef> {
  await mkdir(directory, { recursive: true });
  for (const part of ['train', 'validation', 'test'] as const) {
    await writeRows(join(directory, `${part}.ndjson`), parts[part]);
  }
  const count = (rows: readonly LabelledRow[]) => ({
    rows: rows.length,
    pictures: rows.filter(({ picture }) => picture !== null).length,
  });
  const counts = {
    train: count(parts.train),
    validation: count(parts.validation),
    test: count(parts.test),
  };
  return { version: directory, directory, catalogueDirectory: catalogue.directory, counts };
}

/** What the pipeline takes, too: an encoder is fetched once for both. */
export function benchEncoder(config: Config, name: string, say: (line: string) => void): Promise<Encoder> {
  return prepareEncoder(name, {
    ...encoderSources(config),
    signal: new AbortController().signal,
    onProgress: () => {},
    log: { info: say, warn: say },
  });
}

/** The encoder that a text model asks for, and where its features are kept between calls. */
export async function benchTextEncoder(
  config: Config,
  { text }: Family,
  overrides: Parameters,
  say: (line: string) => void,
) {
  const name = text.encoder(text.parameters(overrides));
  return {
    encoder: name === null ? null : await benchEncoder(config, name, say),
    featuresDirectory: join(config.VAR_DIR, 'bench', 'features'),
  };
}

/** Features of every picture of the catalogue; those in `directory` from an earlier call are not computed again. */
export async function benchFeatures(
  family: Family,
  encoder: Encoder,
  catalogue: BenchCatalogue,
  { directory, overrides = {}, ml }: { directory: string; overrides?: Parameters; ml: MlProcess },
): Promise<readonly FeatureShard[]> {
  const parameters = family.image.parameters(overrides);
  const pictures = new Map(
    catalogue.rows.flatMap(({ picture }) => (picture ? [[picture.sha256, picture]] : [])),
  );
  const code = await codeHash(family.modules.features);
  const { ready, missing } = await planShards([...pictures.values()], {
    directory,
    encoder,
    parameters,
    code,
  });
  for (const shard of missing) {
    const picturesDirectory = catalogue.directory;
    await ml.run('computeFeatures', { family: family.name, parameters, encoder, picturesDirectory, shard });
  }
  return [...ready, ...missing];
}

/** A picture model with the engine that the pipeline would give it, judged on the test rows of its dataset. */
export async function benchEngine(
  trained: {
    readonly family: string;
    readonly dataset: DatasetRef;
    readonly shards: readonly FeatureShard[];
    readonly textModel: string;
    readonly textEncoder: string | null;
  } & Pick<ChooseEngineInput, 'imageModel' | 'encoder' | 'fusion' | 'directory'>,
  ml: MlProcess,
): Promise<{ readonly directory: string; readonly engine: EngineChoice | null; readonly scores: string }> {
  const { dataset, imageModel, directory } = trained;
  const scores = join(directory, 'float.safetensors');
  await mkdir(directory, { recursive: true });
  const none = { textOutOfFold: null, imageOutOfFold: null };
  await ml.run('score', { ...trained, ...none, part: 'test', file: scores });
  const choice = await ml.run('chooseEngine', {
    ...{ ...trained, scores, picturesDirectory: dataset.catalogueDirectory },
    calibration: join(dataset.directory, 'train.ndjson'),
    rows: join(dataset.directory, 'test.ndjson'),
  });
  return {
    directory: choice?.quick ? join(directory, 'model') : imageModel,
    engine: choice?.engine ?? null,
    scores: choice?.quick ? join(directory, 'scores.safetensors') : scores,
  };
}

/** What one fold of five leaves to train on, and the fold to test on. */
export function oneFold(catalogue: BenchCatalogue) {
  const [split] = crossValidationSplits(catalogue.rows.map(splitRowOf), { folds: 5, seed: 1 });
  const rowsOf = (places: readonly number[] = []) =>
    places.map((place) => catalogue.rows[place] as LabelledRow);
  return { train: rowsOf(split?.train), validation: rowsOf(split?.validation), test: rowsOf(split?.test) };
}
