import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EtiquetteError } from '../../errors.ts';
import { NLTK_FRENCH_STOP_WORDS } from '../../models/text/original/stop-words.ts';
import { freePort, type Server, serverOf, startEntry } from '../../test/support/servers.ts';
import { peerPython } from '../peer.ts';
import type { Body } from './bodies.ts';
import { CONTENT_TYPE } from './bodies.ts';
import type { Asked } from './load.ts';
import type { Materials, Trained } from './materials.ts';

/** A server under load: ours or the peer, on a port of its own. */
export interface Target {
  readonly url: string;
  /** Of the processes that were started; they have children. */
  readonly pids: readonly number[];
  /** What a client sends to have these products classified. */
  predict(bodies: readonly Body[]): Asked;
  close(): Promise<void>;
}

/** Our API, with what its operator knows. */
export interface Ours extends Target {
  readonly deployToken: string;
  readonly secretKey: string;
  readonly username: string;
  readonly token: string;
}

const USER = 'data_engineer';
const READY_WITHIN_MS = 120_000;

/** How many products may wait, and be worked at: what the longest wait is made of. */
export const MAX_QUEUE = 64;
export const IN_WORK = 16;

/** Our API as production starts it, with limits for one client off and without its cache of answers. */
export async function startOurs(
  { directory }: Materials,
  version: string,
  settings: Readonly<Record<string, string>> = {},
  entry = 'api/main.ts',
): Promise<Ours> {
  const [password, deployToken, secretKey] = [secret(), secret(), secret()];
  const home = await mkdtemp(join(directory, 'api-'));
  for (const shared of ['bundles', 'encoders']) await symlink(join(directory, shared), join(home, shared));
  await writeFile(
    join(home, 'deployments.json'),
    JSON.stringify([{ version, at: '', by: 'bench', reason: '', replaced: null }]),
  );
  const port = await freePort();
  const server = await startEntry(
    entry,
    {
      ...{ VAR_DIR: home, API_PORT: String(port), LOG_LEVEL: 'info' },
      ...{ SECRET_KEY: secretKey, DEPLOY_TOKEN: deployToken, TEST_USER: USER, TEST_USER_PASSWORD: password },
      ...{ ACCESS_TOKEN_EXPIRE_MINUTES: '600', CACHED_ANSWERS: '0', MAX_QUEUE: String(MAX_QUEUE) },
      ...{ PREDICT_PER_MINUTE: '0', STATUS_PER_MINUTE: '0', TOKEN_PER_MINUTE: '0' },
      ...settings,
    },
    join(home, 'api.log'),
  );
  const url = `http://127.0.0.1:${port}`;
  await until(server, async () => {
    const status = await fetch(`${url}/status`);
    return ((await status.json()) as { ready: boolean }).ready;
  });
  const token = await login(url, password);
  const authorization = { Authorization: `Bearer ${token}` };
  return {
    ...{ url, deployToken, secretKey, username: USER, token },
    pids: pidsOf(server),
    predict: (bodies) => asked(`${url}/predict`, bodies, authorization),
    close: () => server.stop(),
  };
}

/** The original's API, as bench/peers/fastapi_original.py has it, and its auth service. */
export async function startPeer(
  { directory }: Materials,
  { bundle, imageEncoder }: Trained,
  say: (line: string) => void,
): Promise<Target> {
  const python = await peerPython('fastapi_original', say);
  const [password, port, authPort] = [secret(), await freePort(), await freePort()];
  const log = join(directory, 'peer.log');
  const auth = await startPython(python, 'fastapi_auth.py', [String(authPort)], log, {
    ...{ PEER_USER: USER, PEER_PASSWORD: password, PEER_SECRET: secret() },
  });
  const settings = {
    ...{ port, auth: `http://127.0.0.1:${authPort}`, log: join(directory, 'peer-api.log') },
    ...{ bundle: join(directory, 'bundles', bundle.version), encoder: imageEncoder },
    nouns: fileURLToPath(new URL('../../models/text/original', import.meta.url)),
    stopWords: [...NLTK_FRENCH_STOP_WORDS],
  };
  const server = await startPython(python, 'fastapi_original.py', [JSON.stringify(settings)], log, {});
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    await Promise.all([server.stop('SIGKILL'), auth.stop('SIGKILL')]);
  };
  try {
    await until(server, async () => (await fetch(`${url}/status`)).ok);
    await until(auth, async () => (await fetch(`${settings.auth}/openapi.json`)).ok);
    const token = await login(url, password);
    return {
      url,
      pids: [...pidsOf(server), ...pidsOf(auth)],
      predict: (bodies) => asked(`${url}/predict?token=${encodeURIComponent(token)}`, bodies, {}),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startPython(
  python: string,
  script: string,
  args: readonly string[],
  logFile: string,
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const log = await open(logFile, 'a');
  const peers = fileURLToPath(new URL('../peers/', import.meta.url));
  const child = spawn(python, [join(peers, script), ...args], {
    env: { ...process.env, ...env, PYTHONPATH: peers, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  return serverOf(child);
}

/** Asks until it is so, for two minutes at most. */
async function until(server: Server, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + READY_WITHIN_MS;
  while (!(await isSo().catch(() => false))) {
    if (server.process.exitCode !== null || Date.now() > end) {
      await server.stop('SIGKILL');
      throw new EtiquetteError(
        'BENCHMARK_RUN_FAILED',
        `${server.process.spawnargs.join(' ')} does not get ready.`,
      );
    }
    await wait(100);
  }
}

async function login(url: string, password: string): Promise<string> {
  const body = new URLSearchParams({ username: USER, password });
  const response = await fetch(`${url}/token`, { method: 'POST', body });
  return ((await response.json()) as { access_token: string }).access_token;
}

function asked(url: string, bodies: readonly Body[], headers: Readonly<Record<string, string>>): Asked {
  return { url, method: 'POST', headers: { ...headers, 'Content-Type': CONTENT_TYPE }, bodies };
}

const pidsOf = ({ process: { pid } }: Server) => (pid === undefined ? [] : [pid]);
const secret = () => randomBytes(24).toString('base64url');
