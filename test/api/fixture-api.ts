import { pino } from 'pino';
import { startApi } from '../../api/start.ts';
import { readConfig } from '../../config.ts';
import { fixtureMl } from '../models/serving/fixture-bundle.ts';

// The API as its own process, with a real inference process and picture decoder but the fixture model.
const log = pino();
const api = await startApi(readConfig(), fixtureMl, log);
log.info({ url: api.url }, 'ready');
process.on('disconnect', () => api.close().then(() => process.exit(0)));
process.send?.({ type: 'ready', url: api.url });
