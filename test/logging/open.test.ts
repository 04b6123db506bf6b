import { deepEqual, doesNotMatch, equal, match, throws } from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openLogFile } from '../../logging/log-directory.ts';

const DEPLOY_TOKEN = 'a-"quoted"-deploy-token-0123456789';

describe("a process's log", function () {
  this.timeout(30_000);
  let folder: string;
  let children: ChildProcess[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etiquette-log-'));
    children = [];
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** @returns once it is ready, or has ended */
  async function start(LOG_DIR = folder): Promise<{ child: ChildProcess; output: Promise<string> }> {
    const child = fork(join(import.meta.dirname, 'fixture-process.ts'), [], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, LOG_DIR, DEPLOY_TOKEN },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    children.push(child);
    if (!child.stdout) throw new Error('no standard output');
    const output = text(child.stdout);
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
    return { child, output };
  }
  async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  const linesOf = (log: string) =>
    log
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('is on standard output and in LOG_DIR alike, to the last line before the process ends', async () => {
    const { child, output } = await start();
    await stop(child, 'SIGINT');
    const kept = await readFile(join(folder, 'fixture.log'), 'utf8');
    equal(kept, await output);
    const lines = linesOf(kept);
    deepEqual([lines.length, lines.at(-1).number], [102, 99]);
    deepEqual([lines[0].name, lines[0].msg, lines[0].requestId], ['fixture', 'fields', 'request-1']);
  });

  it('has every line of a process that is killed', async () => {
    const { child } = await start();
    await stop(child, 'SIGKILL');
    deepEqual(
      linesOf(await readFile(join(folder, 'fixture.log'), 'utf8')).map(({ msg }) => msg),
      ['fields', 'an error'],
    );
  });

  it('has no secret: neither in fields for one, nor a configured one wherever it stands', async () => {
    const { child } = await start();
    await stop(child, 'SIGKILL');
    const kept = await readFile(join(folder, 'fixture.log'), 'utf8');
    doesNotMatch(kept, /of a user|secret word|quoted/);
    const [fields, error] = linesOf(kept);
    deepEqual([fields.token, fields.user], ['[redacted]', { name: 'ada', password: '[redacted]' }]);
    equal(error.error.message, 'POST /?token=[redacted] failed');
  });

  it('tells of an error its class, and its code as Temporal’s failures have it', async () => {
    const { child, output } = await start();
    await stop(child, 'SIGINT');
    const { error } = linesOf(await output)[1];
    deepEqual([error.type, error.code], ['Error', 'API_UNREACHABLE']);
  });

  it('is a file of each process alone; one that is gone leaves its file to the next', async () => {
    const first = await start();
    const second = await start();
    const logs = async () => (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
    deepEqual(await logs(), ['fixture-2.log', 'fixture.log']);
    await stop(first.child, 'SIGKILL');
    const third = await start();
    deepEqual(await logs(), ['fixture-2.log', 'fixture.log']);
    equal(linesOf(await readFile(join(folder, 'fixture.log'), 'utf8')).length, 4);
    for (const { child } of [second, third]) await stop(child, 'SIGINT');
    deepEqual(await readdir(folder), await logs(), 'no lock is left');
  });

  it('says so when the folder cannot be written', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const { output } = await start(join(file, 'logs'));
    const [{ err }] = linesOf(await output);
    equal(err.code, 'LOG_DIR_UNUSABLE');
    match(err.message, /Correct LOG_DIR or leave it out/);
  });

  it('has a bounded number of files, however many processes there are', async () => {
    const holder = JSON.stringify({ pid: process.pid, host: hostname() });
    for (let number = 1; number <= 16; number++) {
      await writeFile(join(folder, `api${number === 1 ? '' : `-${number}`}.log.lock`), holder);
    }
    throws(() => openLogFile(folder, 'api'), /16 processes "api" write there already/);
  });
});
