import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { familyCodeHash } from '../activities/version.ts';
import { type Config, readConfig } from '../config.ts';
import { CORRECTIONS } from '../data/merged-pictures.ts';
import { DEFAULT_RETRY, withRetries } from '../data/retry.ts';
import { createVersionStore } from '../data/versions/store.ts';
import { EtiquetteError } from '../errors.ts';
import { bundleDifferences, type Difference } from '../models/bundle/compare.ts';
import type { Bundle } from '../models/bundle/format.ts';
import { readBundle } from '../models/bundle/load.ts';
import { prunedFolder } from '../models/bundle/prune.ts';
import { connectClient } from '../temporal/connection.ts';
import { type Again, trainAgain } from './reproducing/train-again.ts';
import { dvc } from './setup/dvc.mjs';
import { sourceOf } from './train.ts';

const USAGE = `Usage: npm run reproduce -- BUNDLE [--catalogue DIR_OR_URL] [--json]

Trains a bundle again from its own data, parameters, split and seed, reusing nothing, and compares every hash. The data
come from DVC, else from where they came then. "npm start" must be running.

  --catalogue DIR_OR_URL   take the data from here
  --json                   print one JSON line: {bundle, same, made, codeChanged, revision, differences}

Exit code: 0 the same, 3 different, 1 failed.
`;

const DIFFERENT = 3;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      catalogue: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [version, ...more] = positionals;
  if (!version || more.length > 0) {
    throw new EtiquetteError('USAGE', 'Name one bundle: npm run reproduce -- BUNDLE.');
  }
  const config = readConfig();
  const bundle = await reproducible(config, version);
  const code = await familyCodeHash(bundle.family);
  if (code !== bundle.lineage.codeHash) {
    process.stderr.write(`The code is not the one that made it. ${checkOut(bundle)}\n`);
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  const client = await connectClient(config);
  await mkdir(config.VAR_DIR, { recursive: true });
  const scratch = await mkdtemp(join(config.VAR_DIR, 'reproduce-'));
  try {
    const catalogue = values.catalogue
      ? sourceOf(values.catalogue)
      : await dataOf(bundle, config, join(scratch, 'data'), stop.signal);
    const { signal } = stop;
    const corrections = await correctionsOf(bundle, config, catalogue);
    const made = await trainAgain({ config, client, bundle, catalogue, corrections, scratch, signal });
    const differences = bundleDifferences(bundle, made);
    const report = {
      ...{ bundle: version, same: made.version === version, made: made.version },
      ...{ codeChanged: code !== bundle.lineage.codeHash, revision: bundle.madeBy.revision ?? null },
      differences,
    };
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else print(bundle, made, differences);
    return report.same ? 0 : DIFFERENT;
  } finally {
    await client.connection.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

type Reproducible = Bundle & { readonly lineage: NonNullable<Bundle['lineage']> };

/** A bundle of the store, or one that was pruned: what it was made of is enough. */
async function reproducible({ bundles }: Config, version: string): Promise<Reproducible> {
  const stored = readBundle(join(bundles, version));
  const { lineage, ...bundle } = await stored.catch((error) =>
    readBundle(join(prunedFolder(bundles), version)).catch(() => Promise.reject(error)),
  );
  if (lineage) return { ...bundle, lineage };
  throw new EtiquetteError(
    'REPRODUCTION_IMPOSSIBLE',
    `Bundle ${version} was imported: what it was trained on is not known.`,
  );
}

/** The folder with a bundle's catalogue. */
async function dataOf(
  { version, lineage, madeBy }: Reproducible,
  config: Config,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const { versions: directory, versionsRemote: remote } = config;
  const versions = createVersionStore({ command: dvc(), directory, remote });
  const dataset = lineage.datasetVersion;
  if (await versions.find(dataset)) {
    process.stderr.write(`Pulling dataset ${dataset} with DVC\n`);
    const pull = () => versions.pull(dataset, folder, signal);
    await withRetries(pull, { retry: { ...DEFAULT_RETRY, attempts: 4 }, signal });
    return folder;
  }
  if (madeBy.source !== undefined) return madeBy.source;
  throw new EtiquetteError(
    'REPRODUCTION_IMPOSSIBLE',
    `DVC does not have dataset ${dataset} of bundle ${version}. If you have its catalogue, name it: --catalogue DIR.`,
  );
}

/** Where the corrections are that a bundle has learned from: with its data in DVC, else as the training left them here. */
async function correctionsOf(
  { version, lineage: { corrections, datasetVersion } }: Reproducible,
  config: Config,
  catalogue: string,
): Promise<Again['corrections']> {
  if (corrections === undefined) return 'none';
  const { weight } = corrections;
  for (const directory of [join(catalogue, CORRECTIONS), join(config.corrections, corrections.version)]) {
    if (existsSync(directory)) return { directory, weight };
  }
  throw new EtiquetteError(
    'REPRODUCTION_IMPOSSIBLE',
    `Bundle ${version} has learned from ${corrections.rows} corrections (${corrections.version}), which lie neither in ${join(catalogue, CORRECTIONS)} nor in ${config.corrections}. Put them there, or bring its dataset back: npm run data -- pull ${datasetVersion}.`,
  );
}

function checkOut({ madeBy: { revision, etiquette } }: Bundle): string {
  return revision
    ? `git checkout ${revision} brings that back.`
    : `It was release ${etiquette}; its revision is not known.`;
}

function print(bundle: Reproducible, made: Bundle, differences: readonly Difference[]): void {
  const [first] = differences;
  if (!first) {
    process.stdout.write(`Same: ${made.version}, hash for hash.\n`);
    return;
  }
  process.stdout.write(`Different: ${bundle.version} was made, now ${made.version}.\n`);
  process.stdout.write(`  ${first.what} differs first: it was ${first.was}, and is ${first.is}\n`);
  const others = differences.slice(1).map(({ what }) => what);
  if (others.length > 0) process.stdout.write(`  and then ${others.join(', ')}\n`);
  if (differences.some(({ what }) => what === 'lineage.codeHash')) {
    process.stdout.write(`  The code has changed since. ${checkOut(bundle)}\n`);
  }
}
