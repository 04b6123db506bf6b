import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Janitor } from '../../cli/start/janitor.ts';
import { createService, type Service, saysReady } from '../../cli/start/service.ts';
import type { EtiquetteError } from '../../errors.ts';

const IDLE = 'setInterval(() => {}, 1000);';
const READY = "process.send({ type: 'ready' });";
const NO_JANITOR: Janitor = { watch() {}, forget() {}, close() {} };

describe('a process of npm start', () => {
  let directory: string;
  let service: Service | undefined;
  let said: string[];
  let givenUp: EtiquetteError[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-service-'));
    said = [];
    givenUp = [];
  });
  afterEach(async () => {
    await service?.stop();
    await rm(directory, { recursive: true });
  });

  /** @param source each new process appends its id to `pids` before it runs this */
  async function serve(source: string): Promise<Service> {
    const pids = JSON.stringify(join(directory, 'pids'));
    const file = join(directory, 'program.mjs');
    await writeFile(
      file,
      `import { appendFileSync } from 'node:fs'; appendFileSync(${pids}, process.pid + '\\n');\n${source}`,
    );
    service = createService({
      name: 'Test program',
      command: [process.execPath, file],
      env: process.env,
      logDirectory: directory,
      isReady: saysReady,
      firstPauseMs: 20,
      janitor: NO_JANITOR,
      say: (line) => said.push(line),
      onGivenUp: (error) => givenUp.push(error),
    });
    return service;
  }

  const pids = async () =>
    (await readFile(join(directory, 'pids'), 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);

  async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
    for (const end = Date.now() + 15_000; Date.now() < end; await pause(20)) {
      if (await holds()) return;
    }
    throw new Error('waited in vain');
  }

  it('has started when it says so, and is gone when it is stopped', async () => {
    await (await serve(`${READY}${IDLE}`)).start();
    const [pid = 0] = await pids();
    ok(isAlive(pid));
    await service?.stop();
    ok(!isAlive(pid));
    deepEqual(said, []);
  });

  it('is started again when it is killed', async () => {
    await (await serve(`${READY}${IDLE}`)).start();
    const [first = 0] = await pids();
    process.kill(first, 'SIGKILL');
    await until(async () => (await pids()).length === 2);
    match(said.join(), /The Test program ended unexpectedly; starting it again/);
    deepEqual(givenUp, []);
  });

  it('takes the processes that it started with it', async () => {
    const child = `import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(IDLE)}], { stdio: 'ignore' });
      appendFileSync(${JSON.stringify(join(directory, 'grandchild'))}, '' + child.pid);`;
    await (await serve(`${child}${READY}${IDLE}`)).start();
    const grandchild = Number(await readFile(join(directory, 'grandchild'), 'utf8'));
    ok(isAlive(grandchild));
    await service?.stop();
    await until(() => !isAlive(grandchild));
  });

  it('tells its last words when it does not even start', async () => {
    await rejects((await serve("console.error('no such luck'); process.exit(3);")).start(), {
      code: 'SERVICE_FAILED',
      message: /ended while it started[\s\S]*no such luck/,
    });
    equal(givenUp.length, 0);
  });

  it('is told to be missing when there is no such program', async () => {
    service = createService({
      name: 'Ghost',
      command: [join(directory, 'ghost')],
      env: process.env,
      logDirectory: directory,
      isReady: saysReady,
      firstPauseMs: 20,
      janitor: NO_JANITOR,
      say: () => {},
      onGivenUp: () => {},
    });
    await rejects(service.start(), { code: 'SERVICE_FAILED', message: /ENOENT/ });
  });

  it('is given up after five restarts in a row, each after a longer pause', async () => {
    await (await serve(`${READY} setTimeout(() => process.exit(1), 20);`)).start();
    await until(() => givenUp.length === 1);
    equal(givenUp[0]?.code, 'SERVICE_FAILED');
    equal((await pids()).length, 6);
    deepEqual(
      said.map((line) => /in (\S+) s/.exec(line)?.[1]),
      ['0.02', '0.04', '0.08', '0.16', '0.32'],
    );
  });

  it('writes what it says to its log', async () => {
    await (await serve(`console.log('hello'); ${READY}${IDLE}`)).start();
    await service?.stop();
    match(await readFile(join(directory, 'test-program.log'), 'utf8'), /hello/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
