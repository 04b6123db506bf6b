import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ActivityDeps, ObservationsWanted, Tracking } from '../activities/deps.ts';
import { createCorrections } from '../api/database/corrections.ts';
import { type DatabaseAddress, openDatabase } from '../api/database/open.ts';
import { createPredictions } from '../api/database/predictions.ts';
import { dvc } from '../cli/setup/dvc.mjs';
import { type Config, PROJECT } from '../config.ts';
import type { CorrectedProduct } from '../data/corrections.ts';
import { createVersionStore } from '../data/versions/store.ts';
import { openLog } from '../logging/open.ts';
import type { Observed } from '../models/drift/window.ts';
import { createMlProcess } from '../models/runtime/process.ts';
import { traceIds } from '../tracing/log.ts';
import { tracedMl } from '../tracing/ml.ts';
import { runIds } from './run-ids.ts';

/** Builds what activities need, and how to let go of it. The ML processes start on their first job. */
export function createDeps(config: Config, name: string): ActivityDeps & { close(): Promise<void> } {
  const { log, configure } = openLog(name, () => ({ ...runIds(), ...traceIds() }));
  configure(config);
  const process = (kind: string, threads: number) =>
    tracedMl(
      createMlProcess({
        name: kind,
        threads,
        // The API and the worker itself come first. Predictions on the same host have as much, and share the cores with it.
        niceness: 19,
        // A stage needs one of the two at a time: the other gives its memory back.
        idleSeconds: 60,
        log: (line) => log.debug({ process: kind }, line),
      }),
      kind,
    );
  const ml = process('ml', 1);
  const vision = process('vision', availableParallelism());
  const revision = revisionOf(PROJECT);
  return {
    config,
    log,
    ml,
    vision,
    revision,
    tracking: trackingOf(config, revision),
    versions:
      config.DVC === 'off'
        ? null
        : createVersionStore({ command: dvc(), directory: config.versions, remote: config.versionsRemote }),
    answered: () => answeredBundles(config.database),
    observations: (wanted) => observationsOf(config.database, wanted),
    corrections: () => allCorrections(config.database),
    close: async () => {
      await Promise.all([ml.close(), vision.close()]);
    },
  };
}

/** Where no API has run yet, nothing was answered. */
async function answeredBundles(address: DatabaseAddress): Promise<string[]> {
  if ('file' in address && !existsSync(address.file)) return [];
  const database = await openDatabase(address);
  try {
    return await createPredictions(database).bundles();
  } finally {
    await database.destroy();
  }
}

/** Where no API has run yet, nothing was answered. */
async function observationsOf(address: DatabaseAddress, wanted: ObservationsWanted): Promise<Observed[]> {
  if ('file' in address && !existsSync(address.file)) return [];
  const database = await openDatabase(address);
  try {
    const found = await createPredictions(database).observations(wanted);
    const codes = await createCorrections(database).codesOf(wanted.bundle);
    return found.map(({ id, at, inputs_hash, code, features }) => ({
      ...{ at, code, features, inputsHash: inputs_hash, corrected: codes.get(id) ?? null },
    }));
  } finally {
    await database.destroy();
  }
}

/** Where no API has run yet, nobody has corrected anything. */
async function* allCorrections(address: DatabaseAddress): AsyncGenerator<CorrectedProduct> {
  if ('file' in address && !existsSync(address.file)) return;
  const database = await openDatabase(address);
  try {
    yield* createCorrections(database).products();
  } finally {
    await database.destroy();
  }
}

function trackingOf(config: Config, revision: string | null): Tracking | null {
  if (config.mlflow === null) return null;
  return {
    server: {
      uri: config.mlflow,
      username: config.MLFLOW_TRACKING_USERNAME,
      password: config.MLFLOW_TRACKING_PASSWORD,
    },
    experiment: config.MLFLOW_EXPERIMENT_NAME,
    commit: revision,
  };
}

/** null outside of a clone, or without git. */
function revisionOf(project: string): string | null {
  try {
    const options = { cwd: project, encoding: 'utf8', timeout: 5000 } as const;
    return execFileSync('git', ['rev-parse', 'HEAD'], { ...options, stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}
