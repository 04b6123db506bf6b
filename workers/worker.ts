import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { registerSearchAttributes } from '../temporal/register.ts';
import { startTracing } from '../tracing/start.ts';
import { prometheus } from './prometheus.ts';
import { keepSchedules } from './schedules.ts';

/** Heartbeats pass once a second: a cancelled stage stops within seconds. */
const HEARTBEATS = { maxHeartbeatThrottleInterval: '1s', defaultHeartbeatThrottleInterval: '1s' } as const;

export interface WorkerSettings {
  readonly taskQueue: string;
  /** Names this kind of worker in traces. */
  readonly part: string;
  readonly log: Logger;
  /** Where Prometheus finds this worker's metrics; 0: nowhere. */
  readonly metricsPort: number;
  readonly options: Pick<
    WorkerOptions,
    'activities' | 'workflowsPath' | 'maxConcurrentActivityTaskExecutions'
  >;
  readonly onStop: () => Promise<void>;
}

/**
 * Listens on a task queue until the process is told to stop. A stopping worker gives its activities a moment,
 * then cancels them: they leave a checkpoint and go on elsewhere.
 */
export async function runWorker(
  config: Config,
  { taskQueue, part, log, metricsPort, options, onStop }: WorkerSettings,
): Promise<void> {
  installRuntime(log, metricsPort === 0 ? null : `${config.METRICS_HOST}:${metricsPort}`);
  const tracing = await startTracing(config, part, log);
  const connection = await connect(config.TEMPORAL_ADDRESS);
  try {
    if (options.workflowsPath) {
      // Where only an administrator may do it, he has done it, or runs say what is missing.
      await registerSearchAttributes(connection, config.TEMPORAL_NAMESPACE).catch((error) =>
        log.warn({ error }, 'search attributes not registered'),
      );
      await keepSchedules(connection, config, log);
    }
    const worker = await Worker.create({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      taskQueue,
      shutdownGraceTime: '2s',
      shutdownForceTime: '20s',
      ...HEARTBEATS,
      ...options,
      ...(await tracing.worker()),
    });
    // Started by `npm start`: when that is gone, this worker has no reason to stay.
    process.once('disconnect', () => worker.getState() === 'RUNNING' && worker.shutdown());
    process.send?.({ type: 'ready' });
    await worker.run();
  } finally {
    await onStop();
    await connection.close();
    await Runtime.instance().shutdown();
    await tracing.close();
    if (process.connected) process.disconnect();
  }
}

/** A second worker of a kind on one machine finds the port taken: it works all the same. */
function installRuntime(log: Logger, metricsAddress: string | null): void {
  const logger = temporalLogger(log);
  if (metricsAddress !== null) {
    try {
      Runtime.install({ logger, telemetryOptions: { metrics: { prometheus: prometheus(metricsAddress) } } });
      return;
    } catch (error) {
      log.warn({ error, metricsAddress }, 'this worker answers no Prometheus: something else uses its port');
    }
  }
  Runtime.install({ logger });
}

/** The SDK's own lines join the worker's structured log. */
function temporalLogger(log: Logger): DefaultLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  const level = log.isLevelEnabled('debug') ? 'DEBUG' : 'INFO';
  return new DefaultLogger(level, ({ level, message, meta = {} }) => {
    // An activity's lines name the run otherwise than a workflow's.
    const { workflowRunId: runId, ...rest } = meta;
    log[levels[level]](runId === undefined ? rest : { runId, ...rest }, message);
  });
}

/** The server may start a moment after the worker: it is asked again for a minute. */
async function connect(address: string): Promise<NativeConnection> {
  const patience = 20;
  for (let attempt = 1; ; attempt++) {
    try {
      return await NativeConnection.connect({ address });
    } catch (cause) {
      if (attempt === patience) {
        throw new EtiquetteError('TEMPORAL_UNREACHABLE', `No Temporal server answers at ${address}.`, {
          retryable: true,
          cause,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(250 * 2 ** attempt, 5000)));
    }
  }
}
