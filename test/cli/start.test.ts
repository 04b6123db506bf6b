import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { mlflowServer } from '../../cli/setup/mlflow.mjs';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { PROJECT } from '../../config.ts';
import { recordDeployment } from '../../models/bundle/deployments.ts';
import { freePort } from '../support/servers.ts';
import { skip } from '../support/skip.ts';

/** As a person who has a champion: a copy of the project, an imported model that serves, then `npm start`. */
describe('npm start', function () {
  this.timeout(120_000);
  let project: string;
  let ports: number[];
  let env: NodeJS.ProcessEnv;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    project = await mkdtemp(join(tmpdir(), 'etiquette-start-'));
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: PROJECT,
      encoding: 'utf8',
    });
    for (const file of files.split('\0').filter(Boolean)) cpSync(join(PROJECT, file), join(project, file));
    symlinkSync(join(PROJECT, 'node_modules'), join(project, 'node_modules'));
    ports = [await freePort(), await freePort(), await freePort(), await freePort()];
    const { SECRET_KEY, DEPLOY_TOKEN, TEST_USER_PASSWORD, VAR_DIR, ...rest } = process.env;
    env = {
      ...rest,
      API_PORT: `${ports[0]}`,
      TEMPORAL_ADDRESS: `127.0.0.1:${ports[1]}`,
      TEMPORAL_UI_PORT: `${ports[2]}`,
      MLFLOW_PORT: `${ports[3]}`,
    };
    const json = execFileSync('npm', ['run', '-s', 'import', '--', 'test/fixtures/keras/keras2', '--json'], {
      cwd: project,
      env,
      encoding: 'utf8',
    });
    const { bundle: version } = JSON.parse(json) as { bundle: string };
    const deployment = { version, at: '', by: 'a test', reason: '', kind: 'deployment' } as const;
    await recordDeployment(join(project, 'var/deployments.json'), deployment);
  });
  after(async () => {
    if (project) await rm(project, { recursive: true, force: true });
  });

  it('writes .env, serves, tells where, and after Ctrl-C leaves no process and no port', async () => {
    const start = spawn('npm', ['start'], {
      cwd: project,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const hear = (chunk: Buffer) => {
      output += chunk;
    };
    start.stdout.on('data', hear);
    start.stderr.on('data', hear);
    const exit = once(start, 'exit');
    try {
      while (!/is ready/.test(output)) {
        assert.equal(start.exitCode, null, `it ended:\n${output}`);
        await wait(50);
      }
      const told = JSON.parse(await readFile(join(project, 'var/ready.json'), 'utf8'));
      assert.equal(told.api, `http://127.0.0.1:${ports[0]}`);
      const [, username = '', password = ''] = /first user: (\S+), password: (\S+)/.exec(output) ?? [];
      assert.ok(password, output);
      assert.equal((await predict(told.api, username, password)).status, 200);
      assert.equal((await fetch(told.temporalUi)).status, 200);
      assert.equal(told.mlflow, mlflowServer() ? `http://127.0.0.1:${ports[3]}` : null);

      const second = spawn('npm', ['start'], { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'] });
      let complaint = '';
      second.stderr.on('data', (chunk: Buffer) => {
        complaint += chunk;
      });
      assert.equal((await once(second, 'exit'))[0], 1);
      assert.match(complaint, /ALREADY_RUNNING/);
    } finally {
      // The terminal's Ctrl-C goes to the whole group.
      if (start.exitCode === null) process.kill(-(start.pid as number), 'SIGINT');
      await exit;
    }
    assert.deepEqual(processesOf(project), []);
    for (const port of ports) assert.equal(await isOpen(port), false, `port ${port} is still open`);
    assert.equal(existsSync(join(project, 'var/ready.json')), false);
  });
});

async function predict(api: string, username: string, password: string): Promise<Response> {
  const login = await fetch(`${api}/token`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
  });
  const { access_token } = (await login.json()) as { access_token: string };
  const form = new FormData();
  for (const field of ['product_identifier', 'designation', 'description', 'product_id', 'imageid']) {
    form.set(field, 'toy');
  }
  const picture = readFileSync(join(PROJECT, 'test/fixtures/pictures', picturesIn('test/fixtures/pictures')));
  form.set('image', new Blob([picture]), 'picture');
  return fetch(`${api}/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}` },
    body: form,
  });
}

function picturesIn(folder: string): string {
  const found = readdirSync(join(PROJECT, folder)).find((name) => /\.(jpe?g|png)$/.test(name));
  assert.ok(found, `no picture in ${folder}`);
  return found;
}

/** Command lines that name the folder. */
function processesOf(folder: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (command.includes(folder)) found.push(command);
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
