import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { TYPE_CODES } from '../../data/type-codes.ts';
import { recordDeployment } from '../../models/bundle/deployments.ts';
import { alertmanagerConfiguration } from '../../monitoring/alertmanager/configuration.ts';
import { prometheusConfiguration } from '../../monitoring/prometheus/configuration.ts';
import { credentials, PASSWORD, productForm, USERNAME } from '../api/support.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { freePort, type Server, serverOf, startEntry } from '../support/servers.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { recordAnswers, referenceText, unchanged } from '../support/watched.ts';
import { MONITORING } from './programs.ts';

export interface Programs {
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly exporter: string;
}

/** What came to the webhook. */
export interface Notification {
  readonly authorization: string | undefined;
  readonly alerts: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** Everything as in production, on ports of its own, but scraped every second. */
export interface Installation {
  readonly stack: Stack;
  readonly notified: readonly Notification[];
  /** @returns `data` of the answer @throws with Prometheus' own words when it can not answer */
  ask<T>(path: string, parameters?: Record<string, string>): Promise<T>;
  /** Asks for a product that was not asked for before (those are remembered), and judges the answer. */
  predict(): Promise<void>;
  close(): Promise<void>;
}

/** What the fixture bundle answers. */
const FAVOURITE = 60;

export const SECRET = 'a webhook secret of the tests';

export async function install(directory: string, programs: Programs): Promise<Installation> {
  const ports = {
    pipeline: await freePort(),
    training: await freePort(),
    temporal: await freePort(),
    auth: await freePort(),
  };
  const stack = await startStack(directory, ['pipeline', 'training'], {
    TEST_USER: USERNAME,
    TEST_USER_PASSWORD: PASSWORD,
    STATUS_PER_MINUTE: '2',
    PIPELINE_METRICS_PORT: `${ports.pipeline}`,
    TRAINING_METRICS_PORT: `${ports.training}`,
    TEMPORAL_METRICS_PORT: `${ports.temporal}`,
    AUTH_PORT: `${ports.auth}`,
  });
  const closing: (() => Promise<unknown>)[] = [() => stack.close()];
  const close = async () => {
    await Promise.all(closing.toReversed().map((one) => one()));
  };
  try {
    const api = await startEntry('test/api/fixture-api.ts', stack.env, join(directory, 'api.log'));
    closing.push(() => api.stop());
    const auth = await startEntry('api/auth.ts', stack.env, join(directory, 'auth.log'));
    closing.push(() => auth.stop());
    const webhook = await startWebhook();
    closing.push(webhook.close);
    const secretFile = join(directory, 'secret');
    await writeFile(secretFile, SECRET);

    const exporter = await start(directory, programs.exporter, (port) => [
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    closing.push(exporter.stop);
    const alertmanager = await start(
      directory,
      programs.alertmanager,
      (port, file, storage) => [
        `--config.file=${file}`,
        `--storage.path=${storage}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ],
      alertmanagerConfiguration(await source('alertmanager/alertmanager.yml'), {
        url: webhook.url,
        secretFile,
        wait: '1s',
      }),
    );
    closing.push(alertmanager.stop);
    const local = (port: number) => [`127.0.0.1:${port}`];
    const own = await freePort();
    const prometheus = await start(
      directory,
      programs.prometheus,
      (port, file, storage) => [
        `--config.file=${file}`,
        `--storage.tsdb.path=${storage}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      prometheusConfiguration(await source('prometheus/prometheus.yml'), {
        targets: {
          api: [new URL(stack.apiUrl).host],
          auth: local(ports.auth),
          'pipeline-worker': local(ports.pipeline),
          'training-worker': local(ports.training),
          temporal: local(ports.temporal),
          node: local(exporter.port),
          prometheus: local(own),
          alertmanager: local(alertmanager.port),
        },
        rules: join(MONITORING, 'prometheus/rules'),
        interval: '1s',
        tokenFile: null,
      }),
      own,
    );
    closing.push(prometheus.stop);

    const bearer = await token(stack);
    await serve(stack, bearer);
    await refused(stack, bearer);
    for (let time = 0; time < 2; time++) await predict(stack, bearer, await productForm());
    return {
      stack,
      notified: webhook.notified,
      async ask(path, parameters = {}) {
        const url = `http://127.0.0.1:${prometheus.port}/api/v1/${path}?${new URLSearchParams(parameters)}`;
        const answer = (await (await fetch(url)).json()) as { status: string; error?: string; data: unknown };
        if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
        return answer.data as never;
      },
      async predict() {
        const form = await productForm({ designation: `Piscine ${randomUUID()}` });
        await correct(stack, bearer, form, await predict(stack, bearer, form));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const source = (name: string) => readFile(join(MONITORING, name), 'utf8');

/** Starts a program with a configuration file and a folder of its own, and waits until its port answers. */
async function start(
  directory: string,
  command: string,
  args: (port: number, file: string, storage: string) => string[],
  configuration = '',
  port?: number,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const chosen = port ?? (await freePort());
  const folder = join(directory, `program-${chosen}`);
  await mkdir(folder);
  const file = join(folder, 'configuration.yml');
  await writeFile(file, configuration);
  const child: ChildProcess = spawn(command, args(chosen, file, folder), { stdio: 'ignore' });
  const server: Server = serverOf(child);
  while (child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${chosen}/metrics`).catch(() => null);
    if (answer?.ok) return { port: chosen, stop: () => server.stop('SIGKILL') };
  }
  throw new Error(`${command} ended with ${child.exitCode}`);
}

async function startWebhook() {
  const notified: Notification[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    notified.push({ authorization: request.headers.authorization, ...JSON.parse(body) });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/`,
    notified,
    close: async () => void server.close(),
  };
}

async function token({ apiUrl }: Stack): Promise<string> {
  const answer = await fetch(`${apiUrl}/token`, { method: 'POST', body: credentials() });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** @returns the prediction's id; nothing where none is made */
async function predict({ apiUrl }: Stack, bearer: string, form: FormData): Promise<string | undefined> {
  const answer = await fetch(`${apiUrl}/predict`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${bearer}` },
    body: form,
  });
  return ((await answer.json()) as { prediction_id?: string }).prediction_id;
}

/** Says first that the answer is wrong, and then that it is right. */
async function correct({ apiUrl }: Stack, bearer: string, form: FormData, id = ''): Promise<void> {
  for (const code of [50, FAVOURITE]) {
    form.set('code', `${code}`);
    await fetch(`${apiUrl}/predictions/${id}/correction`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${bearer}` },
      body: form,
    });
  }
}

/** One prediction while nothing serves, which is a 503; then a bundle serves. */
async function serve(stack: Stack, bearer: string): Promise<void> {
  await predict(stack, bearer, await productForm());
  const { VAR_DIR, DEPLOY_TOKEN } = stack.env as { VAR_DIR: string; DEPLOY_TOKEN: string };
  await mkdir(join(VAR_DIR, 'bundles'), { recursive: true });
  const version = await fixtureBundle(join(VAR_DIR, 'bundles'), {
    favourite: TYPE_CODES.indexOf(FAVOURITE),
    reference: referenceText(),
  });
  const answer = await fetch(`${stack.apiUrl}/internal/deployments`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${DEPLOY_TOKEN}` },
    body: JSON.stringify({ version }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await recordDeployment(join(VAR_DIR, 'deployments.json'), {
    version,
    at: new Date().toISOString(),
    by: 'a test',
    reason: 'a test',
    kind: 'deployment',
  });
  await recordAnswers(VAR_DIR, version, unchanged(100, 1));
}

/** Requests of every kind that the API refuses. */
async function refused(stack: Stack, bearer: string): Promise<void> {
  await Promise.all([
    fetch(`${stack.apiUrl}/token`, { method: 'POST', body: credentials({ password: 'not the password' }) }),
    predict(stack, 'no token', await productForm()),
    predict(stack, bearer, await productForm({}, 'no picture')),
    ...Array.from({ length: 3 }, () => fetch(`${stack.apiUrl}/status`)),
  ]);
}
