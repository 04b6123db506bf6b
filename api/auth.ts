import { Registry } from 'prom-client';
import { readConfig } from '../config.ts';
import { openLog } from '../logging/open.ts';
import { traceIds } from '../tracing/log.ts';
import { startTracing } from '../tracing/start.ts';
import { createAuthApp } from './auth-app.ts';
import { listen } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { endOnUncaught, stopOnSignals } from './stopping.ts';
import { openUsersDatabase, requireSecretKey } from './users/open.ts';
import { createUsers } from './users/users.ts';

// The stand-alone auth process: users log in here, and the API, with the same database and SECRET_KEY, believes it.
const { log, configure } = openLog('auth', traceIds);
endOnUncaught(log);

try {
  const config = readConfig();
  configure(config);
  const tracing = await startTracing(config, 'auth', log);
  const SECRET_KEY = requireSecretKey(config);
  const now = () => new Date();
  const database = await openUsersDatabase(config, now, log);
  const app = createAuthApp({
    config: { ...config, SECRET_KEY },
    users: createUsers(database, now),
    metrics: createMetrics(new Registry()),
    log,
    now,
  });
  const address = { host: config.API_HOST, port: config.AUTH_PORT, variable: 'AUTH_PORT' };
  const server = await listen(app, address, config, log).catch(async (error: unknown) => {
    await database.destroy();
    throw error;
  });
  const close = async () => {
    await server.close();
    await database.destroy();
    await tracing.close();
  };
  stopOnSignals(close, config.DRAIN_SECONDS, log);
  log.info({ url: server.url }, 'the auth process is ready');
  process.send?.({ type: 'ready', url: server.url });
} catch (error) {
  log.fatal({ err: error }, 'the auth process cannot start');
  process.exitCode = 1;
}
