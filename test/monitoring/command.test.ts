import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../../config.ts';
import { freePort } from '../support/servers.ts';
import { until } from '../support/training.ts';
import { program } from './programs.ts';

describe('npm run monitoring', () => {
  let directory: string;
  let child: ChildProcess | undefined;
  let output: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-monitoring-'));
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });

  function start(env: Record<string, string>, ...args: string[]): Promise<number> {
    output = '';
    const started = spawn(process.execPath, [join(PROJECT, 'cli/etiquette.mjs'), 'monitoring', ...args], {
      env: { ...process.env, VAR_DIR: directory, ...env },
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    return once(started, 'close').then(() => started.exitCode ?? -1);
  }

  it('runs all three for the ports of the variables, with what was written for the webhook, until Ctrl-C', async function () {
    program(this, 'prometheus');
    program(this, 'prometheus-alertmanager', 'alertmanager');
    program(this, 'prometheus-node-exporter', 'node_exporter');
    const ports = [await freePort(), await freePort(), await freePort()];
    const [prometheus, alertmanager, exporter] = ports;
    await mkdir(join(directory, 'monitoring'));
    await writeFile(join(directory, 'monitoring/webhook-url'), 'http://127.0.0.1:9/hook\n');
    const ended = start({
      PROMETHEUS_PORT: `${prometheus}`,
      ALERTMANAGER_PORT: `${alertmanager}`,
      NODE_EXPORTER_PORT: `${exporter}`,
      METRICS_TOKEN: 'a metrics token of the tests',
      TRAINING_METRICS_PORT: '0',
    });
    await until(() => output.includes('Ctrl-C stops them.') || child?.exitCode !== null, 'all three run');

    const read = (name: string) => readFile(join(directory, 'monitoring', name), 'utf8');
    const answers = await Promise.all(
      [`${prometheus}/-/ready`, `${alertmanager}/-/ready`, `${exporter}/metrics`].map(
        async (path) => (await fetch(`http://127.0.0.1:${path}`)).status,
      ),
    );
    deepEqual(answers, [200, 200, 200], output);
    match(await read('alertmanager.yml'), /url: http:\/\/127\.0\.0\.1:9\/hook/);
    match(await read('prometheus.yml'), /credentials_file: .*metrics-token/);
    match(await read('prometheus.yml'), /job_name: pipeline-worker/);
    doesNotMatch(await read('prometheus.yml'), /job_name: training-worker/);
    equal(await read('metrics-token'), 'a metrics token of the tests');
    equal((await stat(join(directory, 'monitoring'))).mode & 0o777, 0o700);

    child?.kill('SIGINT');
    equal(await ended, 0);
    for (const port of ports) {
      equal(await fetch(`http://127.0.0.1:${port}/`).catch(() => 'gone'), 'gone');
    }
  });

  it('says what is not installed, and how to install it', async () => {
    const code = await start({ PATH: directory });
    equal(code, 1);
    match(
      output,
      /MONITORING_MISSING: Not on PATH: prometheus, alertmanager, node exporter\. .*apt-get install/,
    );
  });

  it('knows no other task than boards', async () => {
    equal(await start({}, 'panels'), 2);
    match(output, /There is no "panels"/);
  });
});
