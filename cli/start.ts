import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, PROJECT, readConfig } from '../config.ts';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { declareSchedules } from '../temporal/schedules/declared.ts';
import { type ShownSchedule, showSchedules } from '../temporal/schedules/shown.ts';
import { nextRun } from './schedules/lines.ts';
import { tryLock } from './setup/lock.mjs';
import { ensureChampion } from './start/champion.ts';
import { writeEnvironmentFile } from './start/environment-file.ts';
import { startJanitor } from './start/janitor.ts';
import { checkPortsAreFree } from './start/ports.ts';
import { removeReadyFile, writeReadyFile } from './start/ready-file.ts';
import {
  createServices,
  logDirectoryOf,
  mlflowAddress,
  type NamedService,
  temporalUi,
  wantedPorts,
} from './start/services.ts';
import { untilStopped } from './start/until-stopped.ts';

const USAGE = `Usage: npm start

Runs everything on this machine: Temporal with its web page, the workers, the API, MLflow. Trains and deploys a first
model on a generated catalogue when nothing was ever deployed. Ctrl-C stops everything.

Ports and folders come from .env, which the first start writes; README.md lists the variables.
`;

const say = (line: string) => process.stdout.write(`${line}\n`);

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const password = await writeEnvironmentFile(PROJECT);
  const config = readConfig();
  checkSecrets(config);
  const release = tryLock(join(config.VAR_DIR, 'start.lock'));
  if (!release) {
    throw new EtiquetteError(
      'ALREADY_RUNNING',
      `Étiquette already runs from ${config.VAR_DIR}. For a second one set VAR_DIR, API_PORT, TEMPORAL_ADDRESS, TEMPORAL_UI_PORT and MLFLOW_PORT.`,
    );
  }
  try {
    await removeReadyFile(config.VAR_DIR);
    await checkPortsAreFree(wantedPorts(config));
    if (password !== null) {
      say(`Wrote .env. The first user: ${config.TEST_USER}, password: ${config.TEST_USER_PASSWORD}`);
    }
    return await runEverything(config);
  } finally {
    release();
  }
}

async function runEverything(config: Config): Promise<number> {
  const stopped = untilStopped();
  const janitor = startJanitor();
  const services = await createServices(config, { say, onGivenUp: stopped.fail, janitor });
  const start = async (service: NamedService) => {
    const since = performance.now();
    await service.start();
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    say(`✔ ${service.name.padEnd(16)} ${service.address.padEnd(28)} ${seconds} s`);
  };
  let stopping = false;
  const startLater = (service: NamedService) =>
    start(service).catch(({ message }: Error) => {
      if (!stopping) say(`${message}\nGoing on without ${service.name}.`);
    });
  const work = async () => {
    const [temporal, ...others] = services;
    await start(temporal);
    for (const service of others.filter(({ optional }) => optional)) void startLater(service);
    await Promise.all(others.filter(({ optional }) => !optional).map(start));
    const bundle = await serveChampion(config);
    if (bundle === null) return;
    say(`✔ ${'bundle'.padEnd(16)} ${bundle} serves`);
    await tellReady(config, bundle);
  };
  try {
    return await stopped.during(work);
  } finally {
    stopping = true;
    await removeReadyFile(config.VAR_DIR);
    say('Stopping.');
    for (const service of services.toReversed()) await service.stop();
    janitor.close();
    stopped.close();
  }
}

/** A champion that can not be served stops nothing: how else would one train or roll back? */
async function serveChampion(config: Config): Promise<string | null> {
  try {
    return await ensureChampion(config, say);
  } catch (error) {
    if (!isEtiquetteError(error) || error.code !== 'CHAMPION_NOT_SERVED') throw error;
    say(`${error.code}: ${error.message}\nEverything else runs. Ctrl-C stops it.`);
    return null;
  }
}

async function tellReady(config: Config, bundle: string): Promise<void> {
  const ui = temporalUi(config);
  const mlflow = mlflowAddress(config);
  say(`
  API          ${config.API_URL}
  its page     ${config.API_URL}/docs
  Temporal     ${ui}
  MLflow       ${mlflow ?? 'none'}
  logs         ${logDirectoryOf(config)}
`);
  await writeReadyFile(config.VAR_DIR, {
    api: config.API_URL,
    temporalAddress: config.TEMPORAL_ADDRESS,
    temporalUi: ui,
    mlflow,
    bundle,
  });
  await tellSchedules(config);
  say('Étiquette is ready. Ctrl-C stops everything.');
}

/** What it will do by itself. It runs without that being said. */
async function tellSchedules(config: Config): Promise<void> {
  const schedules = await nextRuns(config).catch(() => []);
  for (const schedule of schedules) say(`  ${schedule.name.padEnd(13)}next: ${nextRun(schedule)}`);
  if (schedules.length > 0) say('');
}

async function nextRuns(config: Config): Promise<ShownSchedule[]> {
  const client = await connectClient(config, { hurried: true });
  try {
    return await client.withDeadline(Date.now() + 5_000, () =>
      showSchedules(client.schedule, declareSchedules(config)),
    );
  } finally {
    await client.connection.close();
  }
}

function checkSecrets(config: Config): void {
  const missing = (['SECRET_KEY', 'DEPLOY_TOKEN'] as const).filter((name) => config[name] === undefined);
  if (missing.length === 0) return;
  throw new EtiquetteError(
    'CONFIG_INVALID',
    `.env has no ${missing.join(', ')}. Set them, or delete .env: then npm start writes a new one.`,
  );
}
