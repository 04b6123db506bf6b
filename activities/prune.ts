import { readdir, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Context } from '@temporalio/activity';
import { removeWhole, sweepRemoved } from '../data/remove.ts';
import { readDeployments } from '../models/bundle/deployments.ts';
import { listBundles } from '../models/bundle/list.ts';
import { pruneBundle } from '../models/bundle/prune.ts';
import { type Retained, retain } from '../models/bundle/retention.ts';
import { unsentOutboxes } from '../models/tracking/outbox.ts';
import { wantedOf } from '../models/tracking/wanted.ts';
import type { PruneResult } from '../temporal/contracts.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { lastUse } from './last-use.ts';

/** A rollback goes back one step; in an emergency some more. */
const ROLLBACKS = 5;
const DAY_MS = 24 * 3600 * 1000;

/** Deletes old bundles, stages, exported corrections and features that nothing refers to; docs/lineage.md has the rule. */
export function createPrune(deps: ActivityDeps) {
  const { config, log } = deps;
  return function prune({ dryRun }: { dryRun: boolean }): Promise<PruneResult> {
    return durable('deploy', async ({ signal, report }) => {
      report({ fraction: 0.9, message: 'pruning what is old and not referred to' });
      for (const root of [config.bundles, config.stages, config.corrections]) await sweepRemoved(root);
      const unsent = await unsentFiles(deps);
      const { kept, pruned: bundles } = await bundlesToPrune(deps, unsent.bundles);
      const oldest = Date.now() - config.STAGES_DAYS * DAY_MS;
      const stages = await unused(config.stages, await foldersIn(config.stages), oldest);
      const increments = await unused(config.corrections, await foldersIn(config.corrections), oldest);
      const unneeded = [...stages, ...increments].filter(
        (stage) => !unsent.files.some((file) => isIn(stage, file)),
      );
      const features = await unused(config.features, await featureFiles(config.features), oldest);
      const gone = [...bundles.map((version) => join(config.bundles, version)), ...unneeded, ...features];
      let bytes = 0;
      for (const path of gone) bytes += await bytesOf(path);
      if (!dryRun) {
        for (const version of bundles) {
          signal.throwIfAborted();
          await pruneBundle(config.bundles, version);
        }
        for (const stage of unneeded) {
          signal.throwIfAborted();
          // Looked at again: a run may have begun to use it.
          if ((await lastUse(stage)) < oldest) await removeWhole(stage);
        }
        for (const file of features) if ((await lastUse(file)) < oldest) await rm(file);
        if (gone.length > 0) log.info({ bundles, stages: unneeded.length, bytes }, 'pruned');
      }
      return {
        kept: Object.fromEntries(kept),
        bundles,
        stages: unneeded,
        features: features.length,
        bytes,
      };
    });
  };
}

async function bundlesToPrune(deps: ActivityDeps, unsent: readonly string[]): Promise<Retained> {
  const { config, versions, answered } = deps;
  const bundles = (await listBundles(config.bundles)).map(({ version, madeBy: { at } }) => ({ version, at }));
  const references = new Map<string, string>();
  // With DVC off a bundle that goes is gone; with DVC on it must be there first.
  if (versions) {
    for (const { version } of bundles) {
      if (!(await versions.find(version))) references.set(version, 'DVC does not have it yet');
    }
  }
  for (const version of unsent) references.set(version, 'MLflow does not have it yet');
  for (const version of await answered()) references.set(version, 'predictions of it are on record');
  for (const version of await bundlesAtWork()) references.set(version, 'a run works with it or waits');
  const rule = { newest: config.BUNDLES_KEPT, rollbacks: ROLLBACKS };
  return retain(bundles, await readDeployments(config.deployments), references, rule);
}

/** Of every workflow that runs: trained and waiting for approval, on trial, in a batch prediction. */
async function bundlesAtWork(): Promise<string[]> {
  const found: string[] = [];
  for await (const run of Context.current().client.workflow.list({ query: 'ExecutionStatus="Running"' })) {
    const bundle = run.searchAttributes.EtiquetteBundle?.[0];
    if (typeof bundle === 'string') found.push(bundle);
  }
  return found;
}

/** What still has to be sent to MLflow: files of stages and bundles. */
async function unsentFiles({
  config,
  tracking,
}: ActivityDeps): Promise<{ bundles: string[]; files: string[] }> {
  const bundles: string[] = [];
  const files: string[] = [];
  for (const outbox of tracking ? await unsentOutboxes(config.tracking) : []) {
    const { bundle, artifacts } = wantedOf(await outbox.read());
    if (bundle) bundles.push(bundle.version);
    files.push(...artifacts.values());
  }
  return { bundles, files };
}

const isIn = (folder: string, file: string) => file.startsWith(folder + sep);

async function foldersIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}

async function featureFiles(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true }).catch(() => []);
  return names.filter((name) => /\.(safetensors|partial)$/.test(name)).sort();
}

async function unused(root: string, names: readonly string[], oldest: number): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    const path = join(root, name);
    if ((await lastUse(path)) < oldest) found.push(path);
  }
  return found;
}

async function bytesOf(path: string): Promise<number> {
  const facts = await stat(path);
  if (!facts.isDirectory()) return facts.size;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => stat(join(entry.parentPath, entry.name)).then(({ size }) => size)),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
