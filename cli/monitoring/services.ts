import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, PROJECT } from '../../config.ts';
import { writeAtomic } from '../../data/atomic.ts';
import { EtiquetteError } from '../../errors.ts';
import { alertmanagerConfiguration } from '../../monitoring/alertmanager/configuration.ts';
import { prometheusConfiguration } from '../../monitoring/prometheus/configuration.ts';
import { onPath } from '../setup/command.mjs';
import { checkPortsAreFree } from '../start/ports.ts';
import { createService, type Service, type ServiceOptions } from '../start/service.ts';
import { isHealthy } from '../start/services.ts';

const HOST = '127.0.0.1';

export interface Configurations {
  readonly prometheus: string;
  readonly alertmanager: string;
  /** Where somebody may write the webhook's address. */
  readonly webhookFile: string;
  /** Whether anybody did. */
  readonly webhook: boolean;
}

/** Writes both configurations for this machine's ports to VAR_DIR/monitoring, a folder for its owner only. */
export async function writeConfigurations(config: Config): Promise<Configurations> {
  const directory = monitoringDirectory(config);
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  const file = (name: string) => join(directory, name);
  const webhookFile = file('webhook-url');
  const url = await readIfThere(webhookFile);
  const secretFile = file('webhook-secret');
  const files = { prometheus: file('prometheus.yml'), alertmanager: file('alertmanager.yml') };

  const token = file('metrics-token');
  if (config.METRICS_TOKEN !== undefined) await writeAtomic(token, config.METRICS_TOKEN);
  const source = (name: string) => readFile(join(PROJECT, 'monitoring', name), 'utf8');
  await writeAtomic(
    files.prometheus,
    prometheusConfiguration(await source('prometheus/prometheus.yml'), {
      targets: targetsOf(config),
      rules: join(PROJECT, 'monitoring/prometheus/rules'),
      tokenFile: config.METRICS_TOKEN === undefined ? null : token,
    }),
  );
  await writeAtomic(
    files.alertmanager,
    alertmanagerConfiguration(await source('alertmanager/alertmanager.yml'), {
      url,
      secretFile: (await readIfThere(secretFile)) === null ? null : secretFile,
    }),
  );
  return { ...files, webhookFile, webhook: url !== null };
}

/** What `npm start` runs with the same variables; what answers nowhere is not scraped. */
function targetsOf(config: Config): Record<string, string[]> {
  const workers = config.METRICS_HOST === '0.0.0.0' ? HOST : config.METRICS_HOST;
  const temporal = config.TEMPORAL_ADDRESS.replace(/:\d+$/, '');
  const ports: readonly (readonly [job: string, host: string, port: number])[] = [
    ['auth', HOST, config.AUTH_PORT],
    ['pipeline-worker', workers, config.PIPELINE_METRICS_PORT],
    ['training-worker', workers, config.TRAINING_METRICS_PORT],
    ['temporal', temporal, config.TEMPORAL_METRICS_PORT],
    ['node', HOST, config.NODE_EXPORTER_PORT],
    ['prometheus', HOST, config.PROMETHEUS_PORT],
    ['alertmanager', HOST, config.ALERTMANAGER_PORT],
  ];
  return {
    api: config.apis.map((url) => new URL(url).host),
    ...Object.fromEntries(
      ports.filter(([, , port]) => port !== 0).map(([job, host, port]) => [job, [`${host}:${port}`]]),
    ),
  };
}

export type Monitor = Service & { readonly name: string; readonly address: string };

/** @throws EtiquetteError MONITORING_MISSING, PORT_IN_USE */
export async function createMonitors(
  config: Config,
  files: Configurations,
  shared: Pick<ServiceOptions, 'say' | 'janitor' | 'onGivenUp'>,
): Promise<Monitor[]> {
  const [exporter, alertmanager, prometheus] = programs();
  const { NODE_EXPORTER_PORT, ALERTMANAGER_PORT, PROMETHEUS_PORT } = config;
  await checkPortsAreFree([
    { host: HOST, port: NODE_EXPORTER_PORT, what: 'the node exporter', variable: 'NODE_EXPORTER_PORT' },
    { host: HOST, port: ALERTMANAGER_PORT, what: 'Alertmanager', variable: 'ALERTMANAGER_PORT' },
    { host: HOST, port: PROMETHEUS_PORT, what: 'Prometheus', variable: 'PROMETHEUS_PORT' },
  ]);
  const logDirectory = join(config.VAR_DIR, 'logs');
  await mkdir(logDirectory, { recursive: true });
  const monitor = (
    name: string,
    port: number,
    health: string,
    ...command: [string, ...string[]]
  ): Monitor => {
    const address = `http://${HOST}:${port}`;
    const service = createService({
      name,
      command,
      env: process.env,
      logDirectory,
      firstPauseMs: 500,
      isReady: (_child, signal) => isHealthy(`${address}${health}`, signal),
      ...shared,
    });
    return { ...service, name, address };
  };
  const storage = (name: string) => join(monitoringDirectory(config), name);
  return [
    monitor(
      'node exporter',
      NODE_EXPORTER_PORT,
      '/',
      exporter,
      `--web.listen-address=${HOST}:${NODE_EXPORTER_PORT}`,
    ),
    monitor(
      'Alertmanager',
      ALERTMANAGER_PORT,
      '/-/ready',
      alertmanager,
      `--config.file=${files.alertmanager}`,
      `--storage.path=${storage('alertmanager')}`,
      `--web.listen-address=${HOST}:${ALERTMANAGER_PORT}`,
      // One by itself: it looks for no others.
      '--cluster.listen-address=',
    ),
    monitor(
      'Prometheus',
      PROMETHEUS_PORT,
      '/-/ready',
      prometheus,
      `--config.file=${files.prometheus}`,
      `--storage.tsdb.path=${storage('prometheus')}`,
      '--storage.tsdb.retention.time=30d',
      `--web.listen-address=${HOST}:${PROMETHEUS_PORT}`,
    ),
  ];
}

/** Debian names two of the programs otherwise than their makers do. */
function programs(): [exporter: string, alertmanager: string, prometheus: string] {
  const exporter = onPath('prometheus-node-exporter') ?? onPath('node_exporter');
  const alertmanager = onPath('prometheus-alertmanager') ?? onPath('alertmanager');
  const prometheus = onPath('prometheus');
  if (exporter && alertmanager && prometheus) return [exporter, alertmanager, prometheus];
  const missing = Object.entries({ prometheus, alertmanager, 'node exporter': exporter })
    .filter(([, program]) => program === null)
    .map(([name]) => name);
  throw new EtiquetteError(
    'MONITORING_MISSING',
    `Not on PATH: ${missing.join(', ')}. Debian and Ubuntu: apt-get install prometheus prometheus-alertmanager prometheus-node-exporter.`,
  );
}

const monitoringDirectory = (config: Config) => join(config.VAR_DIR, 'monitoring');

async function readIfThere(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim() || null;
}
