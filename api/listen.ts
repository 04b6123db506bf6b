import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import type { Api } from './environment.ts';
import { createHttpServer } from './server.ts';

const KEEP_ALIVE_MS = 5_000;
/** Proxies keep theirs for a minute: one that we closed first would lose the request it has just sent. */
const PROXIED_KEEP_ALIVE_MS = 75_000;

export interface Listening {
  readonly url: string;
  /** Ends connections for DRAIN_SECONDS, then accepts nothing more, and waits until what was accepted is answered. */
  close(): Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The one that sets the port. */
  readonly variable: string;
}

/**
 * Opens the port of an app.
 * @throws EtiquetteError PORT_UNAVAILABLE
 */
export async function listen(
  app: Api,
  { host, port, variable }: Address,
  config: Pick<Config, 'TRUSTED_PROXIES' | 'CLIENT_SECONDS' | 'DRAIN_SECONDS'>,
  log: Logger,
): Promise<Listening> {
  const server = createHttpServer({
    fetch: app.fetch,
    keepAliveMs: config.TRUSTED_PROXIES.length > 0 ? PROXIED_KEEP_ALIVE_MS : KEEP_ALIVE_MS,
    clientSeconds: config.CLIENT_SECONDS,
    onRefused: (status, code) => log.info({ status, code }, 'refused before it was a request'),
  });
  const opened = await server.listen(port, host).catch((cause: NodeJS.ErrnoException) => {
    throw new EtiquetteError(
      'PORT_UNAVAILABLE',
      `The API cannot listen on ${host}:${port} (${cause.code}). Stop what uses it or set ${variable}.`,
      { cause },
    );
  });
  return {
    url: `http://${host}:${opened.port}`,
    async close() {
      server.endConnections();
      if (config.DRAIN_SECONDS > 0) await setTimeout(config.DRAIN_SECONDS * 1000);
      await server.close();
    },
  };
}
