import type { Logger } from 'pino';

/** So long after its port is closed a process ends whatever is still open. */
const STOP_WITHIN_MS = 10_000;

/** Whatever nobody caught, nobody knows what it left behind: whoever started this process starts another. */
export function endOnUncaught(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error that nobody caught: the process ends');
    process.exit(1);
  });
}

/**
 * Ends the process when it is told to, once `close` has answered what was accepted.
 * @param drainSeconds - that `close` takes before it closes the port
 */
export function stopOnSignals(close: () => Promise<void>, drainSeconds: number, log: Logger): void {
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, 'stopping');
    setTimeout(() => process.exit(1), drainSeconds * 1000 + STOP_WITHIN_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the process could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Started by another process that is gone: nobody would stop this one any more.
  process.on('disconnect', () => stop('the parent process is gone'));
}
