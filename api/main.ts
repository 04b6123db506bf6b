import { availableParallelism } from 'node:os';
import { readConfig } from '../config.ts';
import { openLog } from '../logging/open.ts';
import { createMlProcess } from '../models/runtime/process.ts';
import { connectClient } from '../temporal/connection.ts';
import { createPipeline } from '../temporal/pipeline.ts';
import { traceIds } from '../tracing/log.ts';
import { startTracing } from '../tracing/start.ts';
import { startApi } from './start.ts';
import { endOnUncaught, stopOnSignals } from './stopping.ts';

/**
 * Inference may have all cores, but what HTTP has to do comes first: /status answers while every core predicts. With
 * less than the most (5 was tried) Linux takes the core away from HTTP in the middle of a burst of requests, for 4 ms and more.
 */
const INFERENCE_NICENESS = 19;

const { log, configure } = openLog('api', traceIds);
endOnUncaught(log);

try {
  const config = readConfig();
  configure(config);
  const tracing = await startTracing(config, 'api', log);
  const inferenceLog = log.child({ process: 'inference' });
  const createMl = () =>
    createMlProcess({
      name: 'inference',
      threads: threadsOf(config.INFERENCE_PROCESSES),
      niceness: INFERENCE_NICENESS,
      log: (line) => inferenceLog.info(line),
    });
  const pipeline = createPipeline(
    () => connectClient(config, { hurried: true, interceptors: tracing.client }),
    config.PIPELINE_TASK_QUEUE,
  );
  const api = await startApi(config, createMl, pipeline, log);
  const close = async () => {
    await api.close();
    await tracing.close();
  };
  stopOnSignals(close, config.DRAIN_SECONDS, log);

  log.info({ url: api.url }, 'the API is ready');
  process.send?.({ type: 'ready', url: api.url });
} catch (error) {
  log.fatal({ err: error }, 'the API cannot start');
  process.exitCode = 1;
}

/**
 * Threads of each of so many inference processes: together they have every core. Two at least, so that one request
 * alone is answered sooner; under load that costs little, as a thread that waits sleeps.
 */
function threadsOf(processes: number): number {
  const cores = availableParallelism();
  return Math.min(cores, Math.max(2, Math.ceil(cores / processes)));
}
