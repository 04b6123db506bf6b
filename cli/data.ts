import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleContent } from '../activities/push.ts';
import { type Config, readConfig } from '../config.ts';
import { DEFAULT_RETRY, withRetries } from '../data/retry.ts';
import type { VersionRecord } from '../data/versions/record.ts';
import { createVersionStore, type VersionStore } from '../data/versions/store.ts';
import { EtiquetteError } from '../errors.ts';
import { listBundles } from '../models/bundle/list.ts';
import { dvc } from './setup/dvc.mjs';

const USAGE = `Usage: npm run data -- list [--json]
       npm run data -- pull VERSION [--to FOLDER]
       npm run data -- push

Every version of data, bundles and predictions, kept with DVC (DVC_REMOTE_URL).

  list              all versions, oldest first: what they are, made of what, and whether the remote has them
  pull VERSION      brings a version's files back, byte for byte, into FOLDER (default: pulled/VERSION in VAR_DIR)
  push              sends what the remote does not have yet, bundles of before there was DVC too
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      to: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = readConfig();
  const versions = createVersionStore({
    command: dvc(),
    directory: config.versions,
    remote: config.versionsRemote,
  });
  const [action, version, ...more] = positionals;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  if (action === 'list' && version === undefined) return list(versions, values.json ?? false);
  if (action === 'push' && version === undefined) return push(versions, config, stop.signal);
  if (action === 'pull' && version !== undefined && more.length === 0) {
    const folder = resolve(process.env.INIT_CWD ?? '.', values.to ?? join(config.VAR_DIR, 'pulled', version));
    const { kind } = await patiently(() => versions.pull(version, folder, stop.signal), stop.signal);
    process.stdout.write(`The ${kind} ${version} is in ${folder}, checked byte for byte.\n`);
    return 0;
  }
  throw new EtiquetteError('USAGE', 'Say list, pull VERSION or push: npm run data -- list.');
}

async function list(versions: VersionStore, asJson: boolean): Promise<number> {
  const records = await versions.list();
  if (asJson) {
    process.stdout.write(`${JSON.stringify({ remote: versions.remote, versions: records })}\n`);
    return 0;
  }
  if (records.length === 0) process.stdout.write('No version yet: "npm run train" makes some.\n');
  const waiting = new Set((await versions.pending()).map((record) => record.version));
  for (const record of records) {
    const where = waiting.has(record.version) ? 'waits: npm run data -- push' : 'pushed';
    process.stdout.write(`${describe(record)}  ${where}\n`);
  }
  return 0;
}

async function push(versions: VersionStore, config: Config, signal: AbortSignal): Promise<number> {
  for (const bundle of await listBundles(config.bundles)) {
    const { workflowId, runId } = bundle.madeBy;
    const content = bundleContent(join(config.bundles, bundle.version), bundle);
    await patiently(() => versions.add({ ...content, workflowId, runId }, signal), signal);
  }
  const pending = await versions.pending();
  for (const record of pending) {
    await patiently(() => versions.push(record.version, signal), signal);
    process.stdout.write(`${describe(record)}  pushed\n`);
  }
  process.stdout.write(`${versions.remote} has everything.\n`);
  return 0;
}

/** A remote that is away for a moment is waited for. */
const patiently = <T>(work: () => Promise<T>, signal: AbortSignal) =>
  withRetries(work, { retry: { ...DEFAULT_RETRY, attempts: 4 }, signal });

function describe({ version, kind, at, from, outputs }: VersionRecord): string {
  const files = outputs.reduce((sum, output) => sum + output.files, 0);
  const megabytes = outputs.reduce((sum, output) => sum + output.bytes, 0) / 1e6;
  const origin = from.bundle ?? from.datasetVersion;
  const made = origin === null ? '' : `  of ${origin}`;
  return `${version}  ${kind.padEnd(11)}  ${at}  ${files} files, ${megabytes.toFixed(1)} MB${made}`;
}
