import { pino } from 'pino';
import { startApi } from '../../api/start.ts';
import { readConfig } from '../../config.ts';
import { connectClient } from '../../temporal/connection.ts';
import { createPipeline } from '../../temporal/pipeline.ts';
import { fixtureMl } from '../models/serving/fixture-bundle.ts';

// The API as its own process, with a real inference process and picture decoder but the fixture model.
const log = pino();
const config = readConfig();
const pipeline = createPipeline(() => connectClient(config, { hurried: true }), config.PIPELINE_TASK_QUEUE);
const api = await startApi(config, fixtureMl, pipeline, log);
log.info({ url: api.url }, 'ready');
process.on('disconnect', () => api.close().then(() => process.exit(0)));
process.send?.({ type: 'ready', url: api.url });
