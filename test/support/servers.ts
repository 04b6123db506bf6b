import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Connection } from '@temporalio/client';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { PROJECT } from '../../config.ts';
import { devServerArguments } from '../../temporal/server.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export interface Server {
  readonly process: ChildProcess;
  /** Resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export function serverOf(child: ChildProcess): Server {
  return {
    process: child,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
  };
}

export interface TemporalOptions {
  readonly address: string;
  readonly uiPort: number;
  readonly directory: string;
  readonly metricsPort?: number;
}

/** The server draws some ports of its own, and ends when another process takes one of them just then. */
const STARTS = 3;

/** A real Temporal server on SQLite; starting it again on the same folder finds its workflows again. */
export async function startTemporal(options: TemporalOptions): Promise<Server> {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (start === STARTS) throw error;
    }
  }
}

async function startOnce(options: TemporalOptions): Promise<Server> {
  const cli = temporalCli();
  if (!cli) throw new Error('no temporal CLI: run "npm run setup"');
  await mkdir(options.directory, { recursive: true });
  const log = await open(join(options.directory, 'server.log'), 'a');
  const child = spawn(
    cli,
    devServerArguments({ ...options, database: join(options.directory, 'temporal.db') }),
    { stdio: ['ignore', log.fd, log.fd] },
  );
  const server = serverOf(child);
  try {
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the Temporal server ended')));
    const connecting = Connection.connect({ address: options.address, connectTimeout: '30s' });
    ended.catch(() => {});
    connecting.catch(() => {});
    const connection = await Promise.race([connecting, ended]);
    await connection.close();
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  } finally {
    await log.close();
  }
  return server;
}

/** Starts an entry point of the project as its own process and waits until it says that it is ready. */
export async function startEntry(
  entry: string,
  env: Record<string, string>,
  logFile: string,
): Promise<Server> {
  const log = await open(logFile, 'a');
  const child = fork(join(PROJECT, entry), [], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    env: { ...process.env, ...env },
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  await log.close();
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) =>
      reject(new Error(`${entry} ended with ${code} before it was ready: see ${logFile}`)),
    );
  });
  return serverOf(child);
}
