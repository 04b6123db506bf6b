import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import { readDeployments } from '../models/bundle/deployments.ts';
import { lineageSources } from '../models/lineage/sources.ts';
import { createTrace } from '../models/lineage/trace.ts';
import type { MlProcess } from '../models/runtime/jobs.ts';
import { createInference } from '../models/serving/inference.ts';
import { runPage } from '../temporal/page.ts';
import type { Pipeline } from '../temporal/pipeline.ts';
import { createApp } from './app.ts';
import { restoreChampion } from './champion.ts';
import { createCorrections } from './database/corrections.ts';
import { createPredictions } from './database/predictions.ts';
import { listen } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { openUsersDatabase, requireSecretKey } from './users/open.ts';
import { createUsers } from './users/users.ts';

export interface RunningApi {
  readonly url: string;
  /**
   * Says for DRAIN_SECONDS that it is not ready, then accepts nothing more, answers what it has accepted, and closes the
   * inference processes.
   */
  close(): Promise<void>;
}

/**
 * Builds the API and opens its port at once; the champion is loaded meanwhile, and /predict says so.
 * @throws EtiquetteError CONFIG_INVALID, PORT_UNAVAILABLE
 */
export async function startApi(
  config: Config,
  createMl: () => MlProcess,
  pipeline: Pipeline,
  log: Logger,
): Promise<RunningApi> {
  const SECRET_KEY = requireSecretKey(config);
  const now = () => new Date();
  const stopping = new AbortController();
  const metrics = createMetrics(new Registry());
  const inference = createInference({
    bundles: config.bundles,
    encoders: config.encoders,
    createMl,
    processes: config.INFERENCE_PROCESSES,
    growthMb: config.INFERENCE_GROWTH_MB,
    maxQueue: config.MAX_QUEUE,
    maxBatch: config.MAX_BATCH,
    batchWaitMs: config.BATCH_WAIT_MS,
    cachedAnswers: config.CACHED_ANSWERS,
    watched: config.KEEP_PREDICTIONS === 'on',
    log,
    ...metrics.inference,
  });
  const database = await openUsersDatabase(config, now, log);
  const predictions = createPredictions(database);
  const corrections = createCorrections(database);
  const app = createApp({
    config: { ...config, SECRET_KEY },
    inference,
    users: createUsers(database, now),
    predictions,
    corrections,
    pipeline,
    trace: createTrace(lineageSources(config, { predictions, page: (...run) => runPage(config, ...run) })),
    deployments: () => readDeployments(config.deployments),
    metrics,
    log,
    now,
    stopping: stopping.signal,
  });

  const address = { host: config.API_HOST, port: config.API_PORT, variable: 'API_PORT' };
  const server = await listen(app, address, config, log).catch(async (error: unknown) => {
    await database.destroy();
    throw error;
  });
  const restoring = restoreChampion(config.deployments, inference, log, stopping.signal);

  const forgetting = [
    forgetOld(
      'predictions',
      { forget: (at) => predictions.forget(at, config.PREDICTIONS_ROWS) },
      config.PREDICTIONS_DAYS,
      log,
    ),
    forgetOld('corrections', corrections, config.CORRECTIONS_DAYS, log),
  ];

  return {
    url: server.url,
    async close() {
      stopping.abort();
      await server.close();
      await inference.close();
      await restoring;
      for (const { stop } of forgetting) stop();
      await database.destroy();
    },
  };
}

const DAY_MS = 24 * 3600 * 1000;
const FORGET_EVERY_MS = DAY_MS / 4;

/** Deletes what was kept long enough, now and four times a day. */
function forgetOld(
  what: string,
  record: { forget(at: string): Promise<number> },
  days: number,
  log: Logger,
): { stop(): void } {
  const forget = () => {
    record.forget(new Date(Date.now() - days * DAY_MS).toISOString()).then(
      (count) => {
        if (count > 0) log.info({ count, days }, `old ${what} are deleted`);
      },
      (error: unknown) => log.error({ err: error }, `old ${what} could not be deleted`),
    );
  };
  forget();
  const timer = setInterval(forget, FORGET_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}
