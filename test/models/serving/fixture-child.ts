import { existsSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError, isEtiquetteError } from '../../../errors.ts';
import { readBundle, verifyFiles } from '../../../models/bundle/load.ts';
import { decodePicture } from '../../../models/image/picture.ts';
import type { Jobs, PredictOutcome, PredictProduct } from '../../../models/runtime/jobs.ts';
import { serveJobs } from '../../../models/runtime/serve-jobs.ts';
import { FEATURES, GOLDEN } from './fixture-bundle.ts';

/**
 * An inference process with the real checks and the real picture decoder, but a model that always says the
 * bundle's favourite column. Designations make it do what a service must survive.
 */
let favourite: number | undefined;
let watched = true;
let behaviour: string[] = [];
/** Bytes that it says it holds, and does not. */
let grown = 0;

/** The explanation going on, and the slices that it still has. */
let explaining: { readonly code: number; left: number } | undefined;

serveJobs<Pick<Jobs, 'loadBundle' | 'predict' | 'explain'>>({
  loadBundle: async () => async (input) => {
    const bundle = await readBundle(input.bundle);
    await verifyFiles(input.bundle, bundle);
    favourite = Number(await readFile(join(input.bundle, 'text', 'favourite'), 'utf8'));
    behaviour = (await readFile(join(input.bundle, 'text', 'behaviour'), 'utf8')).split(' ');
    watched = input.watched ?? true;
    if (Number.isNaN(favourite)) throw new Error('the model file holds no number');
    return { version: bundle.version };
  },
  predict: async () => async (input) => ({
    predictions: await Promise.all(input.products.map(answer)),
    rss: process.memoryUsage.rss() + grown,
  }),
  explain: async () => async (input) => {
    if (input) {
      const outcome = await answer(input.product);
      if ('problem' in outcome) throw new EtiquetteError(outcome.problem.code, outcome.problem.message);
      const code = input.code ?? TYPE_CODES[favourite ?? 0] ?? 0;
      explaining = { code, left: Number(input.product.description) || 1 };
    }
    if (!explaining) throw new Error('this process has begun no explanation');
    explaining.left -= 1;
    if (explaining.left > 0) return null;
    const { code } = explaining;
    explaining = undefined;
    return { code, confidence: 0.9, text: null, image: null, heatMap: null };
  },
});

async function answer({ designation, picture }: PredictProduct): Promise<PredictOutcome> {
  if (favourite === undefined) throw new Error('no bundle is loaded');
  const [what, file = ''] = designation.split(' ');
  if (designation !== GOLDEN) {
    if (behaviour[0] === 'die') process.exit(1);
    if (behaviour[0] === 'wait') await setTimeout(Number(behaviour[1]));
  }
  if (what === 'die') process.exit(1);
  if (what === 'die-once' && !existsSync(file)) {
    writeFileSync(file, '');
    process.exit(1);
  }
  if (what === 'hang') await setTimeout(1e9);
  if (what === 'hang-once' && !existsSync(file)) {
    writeFileSync(file, '');
    await setTimeout(1e9);
  }
  if (what === 'grow') grown = 2 ** 40;
  if (what === 'fail') throw new TypeError('a defect in the model code');
  while (what === 'wait' && !existsSync(file)) await setTimeout(5);
  try {
    if (picture) await decodePicture(picture, { size: 32, mode: 'raw', resize: 'lanczos' });
  } catch (error) {
    if (!isEtiquetteError(error)) throw error;
    return { problem: { code: error.code, message: error.message } };
  }
  const probabilities = new Float32Array(27).fill(0.1 / 26);
  probabilities[favourite] = 0.9;
  const features = watched && what === 'watched' ? FEATURES : null;
  return { probabilities, text: probabilities, image: null, features };
}
