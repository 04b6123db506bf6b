import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { mlflowServer } from '../../cli/setup/mlflow.mjs';
import { mlflowArguments, mlflowEnvironment } from '../../cli/start/mlflow.ts';
import { freePort } from './servers.ts';

/** A real MLflow server; its start takes many seconds, so there is one for a whole test run. */
export interface MlflowUnderTest {
  readonly port: number;
  /** As kill -9 does. */
  kill(): Promise<void>;
  /** Starts it again on the same database and waits until it answers. */
  restart(): Promise<void>;
}

let server: Promise<MlflowUnderTest> | undefined;

/** null where MLflow is not installed. */
export async function realMlflow(): Promise<MlflowUnderTest | null> {
  if (!mlflowServer()) return null;
  server ??= startMlflow();
  return server;
}

async function startMlflow(): Promise<MlflowUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'etiquette-mlflow-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const kill = () => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, 'SIGKILL');
  };
  process.once('exit', () => {
    kill();
    rmSync(directory, { recursive: true, force: true });
  });
  const restart = async () => {
    const [program = '', ...args] = mlflowArguments({ port, directory }) ?? [];
    child = spawn(program, args, {
      detached: true,
      env: { ...process.env, ...mlflowEnvironment },
      stdio: 'ignore',
    });
    child.unref();
    const healthy = () =>
      fetch(`http://127.0.0.1:${port}/health`)
        .then(({ ok }) => ok)
        .catch(() => false);
    while (!(await healthy())) {
      if (child.exitCode !== null) throw new Error(`mlflow server ended with ${child.exitCode}`);
      await wait(100);
    }
  };
  await restart();
  return {
    port,
    restart,
    async kill() {
      if (!child) return;
      const gone = once(child, 'exit');
      kill();
      await gone;
    },
  };
}

export interface LoginProxy {
  readonly uri: string;
  /** Every request that reached it, as `POST runs/create`. */
  readonly requests: string[];
  down: boolean;
  /** Lets the server do the n-th change from now, and cuts the connection instead of answering; 0 is never. */
  cutAfter: number;
  close(): Promise<void>;
}

/** What stands before MLflow at DagsHub and elsewhere: it asks for a login. It can also be made to fail. */
export async function proxyTo(
  port: number,
  login: { username: string; password: string },
): Promise<LoginProxy> {
  const expected = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const state = { requests: [] as string[], down: false, cutAfter: 0 };
  const isChange = ({ method, url = '' }: IncomingMessage) => method !== 'GET' && !url.endsWith('/search');

  const proxy = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    if (state.down) {
      incoming.socket.destroy();
      return;
    }
    if (incoming.headers.authorization !== expected) {
      incoming.resume();
      answer.writeHead(401).end('who are you?');
      return;
    }
    const { pathname } = new URL(incoming.url ?? '', 'http://proxy');
    state.requests.push(`${incoming.method} ${pathname.replace(/^\/api\/2\.0\/(mlflow\/)?/, '')}`);
    const cut = isChange(incoming) && state.cutAfter > 0 && --state.cutAfter === 0;
    const onward = request(
      { port, host: '127.0.0.1', method: incoming.method, path: incoming.url, headers: incoming.headers },
      (response) => {
        if (cut) {
          response.resume();
          response.once('end', () => incoming.socket.destroy());
          return;
        }
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      },
    );
    onward.on('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address() as { port: number };
  return Object.assign(state, {
    uri: `http://127.0.0.1:${address.port}`,
    async close() {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  });
}
