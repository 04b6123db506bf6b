import { openLog } from '../../logging/open.ts';

/** A process that logs as the API and the workers do, until it is told to stop. */
const { log, configure } = openLog('fixture', () => ({ requestId: 'request-1' }));
try {
  configure({
    LOG_LEVEL: 'info',
    LOG_DIR: process.env.LOG_DIR,
    ...{ DEPLOY_TOKEN: process.env.DEPLOY_TOKEN, DATABASE_PASSWORD: 'short' },
  });
} catch (error) {
  log.fatal({ err: error }, 'the process cannot start');
  process.exit(1);
}
process.on('SIGINT', () => {
  for (let number = 0; number < 100; number++) log.info({ number }, 'stopping');
  process.exit(0);
});
log.info({ token: 'of a user', user: { name: 'ada', password: 'secret word' } }, 'fields');
const error = new Error(`POST /?token=${process.env.DEPLOY_TOKEN} failed`);
log.warn({ error: Object.assign(error, { type: 'API_UNREACHABLE' }) }, 'an error');
log.debug('not at this level');
process.send?.('ready');
setInterval(() => {}, 1000);
