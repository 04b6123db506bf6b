import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Config, PROJECT } from '../../config.ts';
import { EtiquetteError } from '../../errors.ts';
import { connectClient } from '../../temporal/connection.ts';
import { devServerArguments } from '../../temporal/server.ts';
import { temporalCli } from '../setup/tools.mjs';
import { mlflowArguments, mlflowEnvironment } from './mlflow.ts';
import { isFree, type WantedPort } from './ports.ts';
import { createService, type Service, type ServiceOptions, saysReady } from './service.ts';

type Shared = Pick<ServiceOptions, 'say' | 'onGivenUp' | 'janitor'>;

export interface NamedService extends Service {
  readonly name: string;
  /** Where it answers, for people. */
  readonly address: string;
  /** Nobody waits for it, and everything runs without it. */
  readonly optional: boolean;
}

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** The ports that `npm start` opens. */
export function wantedPorts(config: Config): WantedPort[] {
  const { host, port } = temporalAddress(config);
  return [
    { host, port, what: 'the Temporal server', variable: 'TEMPORAL_ADDRESS' },
    { host, port: config.TEMPORAL_UI_PORT, what: "Temporal's web page", variable: 'TEMPORAL_UI_PORT' },
    { host: config.API_HOST, port: config.API_PORT, what: 'the API', variable: 'API_PORT' },
    ...(mlflowCommand(config)
      ? [{ host: '127.0.0.1', port: config.MLFLOW_PORT, what: 'MLflow', variable: 'MLFLOW_PORT' }]
      : []),
  ];
}

/** Where the processes' standard output is kept, in files that rotate: they need none of their own. */
export function logDirectoryOf({ LOG_DIR, VAR_DIR }: Pick<Config, 'LOG_DIR' | 'VAR_DIR'>): string {
  return LOG_DIR ?? join(VAR_DIR, 'logs');
}

export function temporalUi(config: Config): string {
  return `http://${temporalAddress(config).host}:${config.TEMPORAL_UI_PORT}`;
}

/** Where MLflow is, or will be in a moment; null when there is none. */
export function mlflowAddress(config: Config): string | null {
  return config.MLFLOW_TRACKING_URI || mlflowCommand(config) ? config.mlflow : null;
}

/** null when there is to be no MLflow here, another one is named, or it could not be installed. */
function mlflowCommand({ MLFLOW_TRACKING_URI, MLFLOW_PORT, VAR_DIR, mlflow }: Config) {
  if (mlflow === null || MLFLOW_TRACKING_URI) return null;
  return mlflowArguments({ port: MLFLOW_PORT, directory: join(VAR_DIR, 'mlflow') });
}

/**
 * Everything that `npm start` runs: the Temporal server first, and the others, which need it. They stop in the
 * reverse order.
 */
export async function createServices(
  config: Config,
  shared: Shared,
): Promise<[temporal: NamedService, ...others: NamedService[]]> {
  const logDirectory = logDirectoryOf(config);
  await mkdir(logDirectory, { recursive: true });
  await mkdir(join(config.VAR_DIR, 'temporal'), { recursive: true });
  await mkdir(join(config.VAR_DIR, 'mlflow'), { recursive: true });

  type Options = Pick<ServiceOptions, 'name' | 'command' | 'isReady'> & Partial<ServiceOptions>;
  const named = ({
    address,
    optional = false,
    ...options
  }: Options & { address: string; optional?: boolean }) => ({
    ...createService({
      env: { ...process.env, LOG_DIR: '' },
      logDirectory,
      firstPauseMs: 500,
      ...shared,
      ...options,
    }),
    name: options.name,
    address,
    optional,
  });
  const mlflow = mlflowCommand(config);
  const module = (file: string): [string, ...string[]] => [
    process.execPath,
    '--import',
    TSX,
    join(PROJECT, file),
  ];
  return [
    named({
      name: 'Temporal server',
      command: temporalCommand(config, await freeMetricsPort(config)),
      address: config.TEMPORAL_ADDRESS,
      isReady: (_child, signal) => answers(config, signal),
    }),
    named({
      name: 'pipeline worker',
      command: module('workers/pipeline.ts'),
      address: `queue ${config.PIPELINE_TASK_QUEUE}`,
      isReady: saysReady,
    }),
    named({
      name: 'training worker',
      command: module('workers/training.ts'),
      address: `queue ${config.TRAINING_TASK_QUEUE}`,
      isReady: saysReady,
    }),
    named({ name: 'API', command: module('api/main.ts'), address: config.API_URL, isReady: saysReady }),
    ...(mlflow
      ? [
          named({
            name: 'MLflow',
            command: mlflow,
            env: { ...process.env, ...mlflowEnvironment },
            address: config.mlflow ?? '',
            optional: true,
            isReady: (_child, signal) => isHealthy(`${config.mlflow}/health`, signal),
            onGivenUp: ({ message }) => shared.say(`${message}\nGoing on without MLflow.`),
          }),
        ]
      : []),
  ];
}

function temporalCommand(config: Config, metricsPort: number): [string, ...string[]] {
  const program = temporalCli();
  if (!program) {
    throw new EtiquetteError('TEMPORAL_CLI_MISSING', 'There is no "temporal" program. Run "npm run setup".');
  }
  const { host, port } = temporalAddress(config);
  return [
    program,
    ...devServerArguments({
      address: `${host}:${port}`,
      uiPort: config.TEMPORAL_UI_PORT,
      database: join(config.VAR_DIR, 'temporal', 'temporal.db'),
      namespace: config.TEMPORAL_NAMESPACE,
      metricsPort,
    }),
  ];
}

/** A second copy on one machine runs all the same: its server takes any port for its metrics. */
async function freeMetricsPort(config: Config): Promise<number> {
  const port = config.TEMPORAL_METRICS_PORT;
  return (await isFree({ host: temporalAddress(config).host, port })) ? port : 0;
}

function temporalAddress({ TEMPORAL_ADDRESS }: Config): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(TEMPORAL_ADDRESS) ?? [];
  const ip = host === 'localhost' ? '127.0.0.1' : host;
  if (isIP(ip) !== 4) {
    throw new EtiquetteError(
      'CONFIG_INVALID',
      `npm start runs Temporal itself: TEMPORAL_ADDRESS must be an IPv4 address and a port of this machine, not ${TEMPORAL_ADDRESS}. For another server start workers and API by themselves.`,
    );
  }
  return { host: ip, port: Number(port) };
}

/** Asks until the server answers for the namespace. */
async function answers(config: Config, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const client = await connectClient(config);
      try {
        await client.connection.workflowService.describeNamespace({ namespace: config.TEMPORAL_NAMESPACE });
        return;
      } finally {
        await client.connection.close();
      }
    } catch {
      await pause(200);
    }
  }
}

/** Asks until it answers. */
export async function isHealthy(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => null);
    if (answer?.ok) return;
    await pause(200);
  }
}
