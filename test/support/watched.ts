import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { createCorrections } from '../../api/database/corrections.ts';
import { openDatabase } from '../../api/database/open.ts';
import { createPredictions, type PredictionRecord } from '../../api/database/predictions.ts';
import { createRecorder } from '../../api/recorder.ts';
import type { TypeCode } from '../../data/type-codes.ts';
import { recordDeployment } from '../../models/bundle/deployments.ts';
import { REFERENCE } from '../../models/bundle/reference.ts';
import { writeBundle } from '../../models/bundle/write.ts';
import type { DriftFeatures } from '../../models/drift/features.ts';
import { createReference } from '../../models/drift/reference.ts';
import { featuresOf, streamOf } from '../models/drift/stream.ts';

/** Of the stream that `watchedBundle` was made for. */
export const unchanged = (n: number, seed: number) => featuresOf(streamOf(n, seed));

const black = (one: DriftFeatures): DriftFeatures => ({
  ...one,
  picture: one.picture && [500, 500, 0, 0, 0, 0],
});
export const blackPictures = (n: number, seed: number) => featuresOf(streamOf(n, seed, black));

/** What a bundle of `watchedBundle` is compared with. */
export const referenceText = () =>
  JSON.stringify(createReference(streamOf(400, 100), { knownWords: '', seed: 1, simulations: 200 }));

/** Writes a bundle as a training does; nothing loads its models here. */
export async function watchedBundle(
  bundles: string,
  { reference, source, name = '' }: { reference: string | null; source: string; name?: string },
): Promise<string> {
  await mkdir(bundles, { recursive: true });
  const parts = await mkdtemp(`${bundles}-parts-`);
  for (const part of ['text', 'image']) {
    await mkdir(join(parts, part));
    await writeFile(join(parts, part, 'model'), `none ${name}`);
  }
  const { version } = await writeBundle(bundles, {
    family: 'lstm-vgg16',
    text: { recipe: 'lstm', parameters: { epochs: 2 }, directory: join(parts, 'text') },
    image: { recipe: 'vgg16', parameters: { size: 32 }, directory: join(parts, 'image') },
    encoders: { image: { name: 'none', sha256: '0'.repeat(64), source: 'a test' }, text: null },
    fusion: { kind: 'convex', textWeight: 0.5, temperature: 1, textTemperature: 1, imageTemperature: 1 },
    lineage: { datasetVersion: 'a', catalogueHash: 'b', seed: 7, codeHash: 'c' },
    metrics: null,
    golden: [],
    texts: reference === null ? {} : { [REFERENCE]: reference },
    madeBy: { at: '2025-01-01T00:00:00Z', workflowId: null, runId: null, etiquette: '0.1.0', source },
  });
  return version;
}

export async function serves(varDirectory: string, version: string): Promise<void> {
  await recordDeployment(join(varDirectory, 'deployments.json'), {
    ...{ version, at: new Date().toISOString(), by: 'a test', reason: 'a test', kind: 'deployment' },
  });
}

let answered = 0;

/** Keeps answers as the API does. @returns their ids */
export async function recordAnswers(
  varDirectory: string,
  bundle: string,
  products: readonly DriftFeatures[],
): Promise<string[]> {
  const database = await openDatabase({ file: join(varDirectory, 'etiquette.db') });
  try {
    const record = createRecorder(createPredictions(database), pino({ level: 'silent' }));
    const records = products.map((features): PredictionRecord => {
      answered += 1;
      return {
        ...{ id: `prediction-${answered}`, at: new Date().toISOString(), bundle, code: features.code },
        ...{ confidence: features.answer[0] / 1000, inputs_hash: `product ${answered}` },
        ...{ features: JSON.stringify(features), codes: null, seconds: 0.01 },
      };
    });
    await Promise.all(records.map(record));
    return records.map(({ id }) => id);
  } finally {
    await database.destroy();
  }
}

/** A person says which code is right. */
export async function correct(
  varDirectory: string,
  prediction: { readonly id: string; readonly bundle: string; readonly code: TypeCode },
  code: TypeCode,
): Promise<void> {
  const database = await openDatabase({ file: join(varDirectory, 'etiquette.db') });
  try {
    const product = { designation: 'a', description: '', picture: null, inputsHash: 'any' };
    const at = new Date().toISOString();
    await createCorrections(database).put({ ...product, prediction, code, note: null, by: 'ada', at });
  } finally {
    await database.destroy();
  }
}
