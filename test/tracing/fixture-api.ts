import { createRequire } from 'node:module';
import { pino } from 'pino';
import { startApi } from '../../api/start.ts';
import { readConfig } from '../../config.ts';
import { connectClient } from '../../temporal/connection.ts';
import { createPipeline } from '../../temporal/pipeline.ts';
import { traceIds } from '../../tracing/log.ts';
import { startTracing } from '../../tracing/start.ts';
import { fixtureMl } from '../models/serving/fixture-bundle.ts';

// The API as api/main.ts composes it, as its own process, but with the fixture model.
const log = pino({ mixin: traceIds });
const config = readConfig();
const tracing = await startTracing(config, 'api', log);
const pipeline = createPipeline(
  () => connectClient(config, { hurried: true, interceptors: tracing.client }),
  config.PIPELINE_TASK_QUEUE,
);
const api = await startApi(config, fixtureMl, pipeline, log);
process.on('SIGTERM', async () => {
  await api.close();
  await tracing.close();
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  process.send?.({ type: 'stopped', sdk: loaded.filter((file) => SDK.test(file)) }, () => process.exit(0));
});
process.send?.({ type: 'ready', url: api.url });

/** What belongs to tracing when it is on; the API package alone is a few calls that do nothing. */
const SDK = /node_modules\/(@opentelemetry\/(?!api\/)|@temporalio\/interceptors-opentelemetry)/;
