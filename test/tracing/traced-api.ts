import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT } from '../../config.ts';
import { body, PASSWORD, productForm, USERNAME } from '../api/support.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';

export const SECRET = 'a secret key of the tests';

/** The API as a process, with a bundle that serves. */
export interface TracedApi {
  readonly url: string;
  readonly bundle: string;
  readonly token: string;
  predict(text: string, headers?: Record<string, string>): Promise<Response>;
  /** What it wrote to its log, a line each. */
  readonly log: readonly Record<string, unknown>[];
  /** @returns the files of OpenTelemetry's SDK that it had loaded */
  stop(): Promise<string[]>;
  kill(): void;
}

export async function startTracedApi(directory: string, env: Record<string, string>): Promise<TracedApi> {
  await mkdir(directory, { recursive: true });
  const bundle = await fixtureBundle(join(directory, 'bundles'), { favourite: 23 });
  await writeFile(
    join(directory, 'deployments.json'),
    JSON.stringify([{ version: bundle, at: '', by: '', reason: '', replaced: null }]),
  );
  const child = fork(join(PROJECT, 'test/tracing/fixture-api.ts'), [], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    env: {
      ...process.env,
      ...env,
      ...{ VAR_DIR: directory, API_PORT: '0', INFERENCE_PROCESSES: '1', SECRET_KEY: SECRET },
      ...{ TEST_USER: USERNAME, TEST_USER_PASSWORD: PASSWORD },
      ...{ PREDICT_PER_MINUTE: '0', STATUS_PER_MINUTE: '0', TOKEN_PER_MINUTE: '0' },
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const { url } = await message<{ url: string }>(child, 'ready');
  const login = await fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ username: USERNAME, password: PASSWORD }),
  });
  const token = String((await body(login)).access_token);
  while (!(await body(await fetch(`${url}/status`))).ready);
  return {
    ...{ url, bundle, token },
    async predict(designation, headers = {}) {
      const form = await productForm({ designation });
      return fetch(`${url}/predict`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, ...headers },
        body: form,
      });
    },
    get log() {
      return output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async stop() {
      const stopped = message<{ sdk: string[] }>(child, 'stopped');
      child.kill('SIGTERM');
      const { sdk } = await stopped;
      if (child.exitCode === null) await once(child, 'exit');
      return sdk;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

async function message<T>(child: ChildProcess, type: string): Promise<T> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`it ended before "${type}"`)));
  ended.catch(() => {});
  for (;;) {
    const [told] = await Promise.race([once(child, 'message'), ended]);
    if (told.type === type) return told;
  }
}
