import { strict as assert } from 'node:assert';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT } from '../../config.ts';
import { body, PASSWORD, productForm } from './support.ts';

describe('the API process', () => {
  let directory: string;
  const started: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-api-'));
  });
  afterEach(async () => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });

  /** @param planted - JavaScript that runs in the process before anything else */
  function start(env: Record<string, string> = {}, planted = '') {
    const child = fork(join(PROJECT, 'api/main.ts'), [], {
      execArgv: [
        ...['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
        ...['--import', `data:text/javascript,${encodeURIComponent(planted)}`],
      ],
      env: {
        ...process.env,
        VAR_DIR: directory,
        API_PORT: '0',
        SECRET_KEY: 'a secret of the tests',
        TEST_USER: 'data_engineer',
        TEST_USER_PASSWORD: PASSWORD,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    started.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    const ended = once(child, 'close').then(() => ({ code: child.exitCode, output }));
    return { child, ended };
  }

  async function ready(child: ChildProcess): Promise<string> {
    const [message] = (await once(child, 'message')) as [{ type: string; url: string }];
    assert.equal(message.type, 'ready');
    return message.url;
  }

  it('starts at once without a bundle: /status says so and /predict is 503 NO_MODEL', async () => {
    const { child } = start();
    const url = await ready(child);
    const status = await body(await fetch(`${url}/status`));
    assert.deepEqual([status.ready, status.bundle], [false, null]);

    const login = await fetch(`${url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'data_engineer', password: PASSWORD }),
    });
    const { access_token } = await body(login);
    const answer = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${access_token}` },
      body: await productForm(),
    });
    assert.deepEqual([answer.status, (await body(answer)).code], [503, 'NO_MODEL']);
    assert.equal(answer.headers.get('retry-after'), '10');
  });

  it('prints structured log lines and nothing else', async () => {
    const { child, ended } = start();
    await fetch(`${await ready(child)}/status`);
    child.kill('SIGTERM');
    const { output } = await ended;
    for (const line of output.trim().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string');
    assert.equal(output.includes(PASSWORD), false);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops on ${signal} with exit code 0`, async () => {
      const { child, ended } = start();
      const url = await ready(child);
      child.kill(signal);
      assert.equal((await ended).code, 0);
      await assert.rejects(fetch(`${url}/status`));
    });
  }

  for (const [what, planted] of [
    ['an exception', 'throw new Error("planted")'],
    ['a rejection', 'Promise.reject(new Error("planted"))'],
  ] as const) {
    it(`ends on ${what} that nobody caught, and the log has it`, async () => {
      const { child, ended } = start({}, `process.on('message', () => { ${planted} })`);
      await ready(child);
      child.send('now');
      const { code, output } = await ended;
      assert.equal(code, 1);
      const last = JSON.parse(output.trim().split('\n').at(-1) ?? '') as {
        level: number;
        err: { message: string };
      };
      assert.deepEqual([last.level, last.err.message], [60, 'planted']);
    });
  }

  it('stops when the process that started it is gone', async () => {
    const { child } = start();
    await ready(child);
    // Not "close": Node never emits it after a disconnect from this side.
    const exit = once(child, 'exit');
    child.disconnect();
    assert.deepEqual(await exit, [0, null]);
  });

  it('does not start without a key to sign tokens with', async () => {
    const { code, output } = await start({ SECRET_KEY: '' }).ended;
    assert.equal(code, 1);
    const { err } = JSON.parse(output.trim()) as { err: { code: string; message: string } };
    assert.equal(err.code, 'CONFIG_INVALID');
    assert.match(err.message, /Set SECRET_KEY/);
  });

  it('starts without TEST_USER_PASSWORD, and says how to make the first user', async () => {
    const { child, ended } = start({ TEST_USER_PASSWORD: '' });
    await ready(child);
    child.kill('SIGTERM');
    const lines = (await ended).output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const warning = lines.find(({ level }) => level === 40);
    assert.match(warning?.msg, /npm run users -- add NAME --role admin/);
  });

  it('does not start on a port that is taken, and says which', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      const { code, output } = await start({ API_PORT: String(port) }).ended;
      assert.equal(code, 1);
      assert.match(output, /PORT_UNAVAILABLE.*/);
      assert.match(output, new RegExp(`127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\)`));
    } finally {
      other.close();
    }
  });
});
