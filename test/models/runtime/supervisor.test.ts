import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isEtiquetteError } from '../../../errors.ts';
import type { WorkTimes } from '../../../models/runtime/jobs.ts';
import { type Supervisor, type SupervisorOptions, supervise } from '../../../models/runtime/supervisor.ts';
import type { FixtureJobs } from './fixture-child.ts';

describe('the supervisor of a child process', () => {
  let child: Supervisor<FixtureJobs>;
  const lines: string[] = [];

  const create = (options: Partial<SupervisorOptions> = {}) => {
    child = supervise<FixtureJobs>({
      name: 'test',
      entry: new URL('fixture-child.ts', import.meta.url),
      env: { PATH: process.env.PATH ?? '' },
      log: (line) => lines.push(line),
      ...options,
    });
    return child;
  };

  beforeEach(() => {
    lines.length = 0;
    create();
  });
  afterEach(() => child.close());

  it('starts nothing before the first job', () => {
    assert.equal(child.pid, undefined);
  });

  it('passes input and output unharmed, typed arrays and pictures included', async () => {
    const value = { picture: new Uint8Array([1, 2, 3]), row: new Float32Array([0.5, 0.25]), none: null };
    assert.deepEqual(await child.run('echo', value), value);
  });

  it('makes way for others as far as it is told to, a new process too', async () => {
    await child.run('echo', 1);
    assert.equal(getPriority(child.pid), getPriority());
    await child.close();
    create({ niceness: 7 });
    await child.run('echo', 1);
    const first = child.pid;
    assert.equal(getPriority(first), getPriority() + 7);
    await assert.rejects(child.run('exit', 1));
    await child.run('echo', 2);
    assert.notEqual(child.pid, first);
    assert.equal(getPriority(child.pid), getPriority() + 7);
  });

  it('does jobs in the order they came, in one process', async () => {
    const order: number[] = [];
    const first = child.run('echo', 1).then(() => order.push(1));
    const second = child.run('echo', 2).then(() => order.push(2));
    const pid = child.pid;
    await Promise.all([first, second]);
    assert.deepEqual(order, [1, 2]);
    assert.equal(child.pid, pid);
  });

  it('tells when a job was worked on: after the one before it, and for one that failed too', async () => {
    const told: WorkTimes[] = [];
    const onWorked = (times: WorkTimes) => told.push(times);
    const before = Date.now();
    await Promise.allSettled([
      child.run('echo', 1, { onWorked }),
      child.run('failCoded', null, { onWorked }),
      child.run('echo', 2, { onWorked }),
    ]);
    assert.equal(told.length, 3);
    for (const { from, to } of told) assert.ok(from <= to && from > before - 60_000);
    assert.ok(told.every(({ to }, place) => place === 0 || to >= (told[place - 1]?.to ?? 0)));
  });

  it('keeps code, retryable and details of a coded error', async () => {
    await assert.rejects(child.run('failCoded', null), (error) => {
      assert.ok(isEtiquetteError(error));
      assert.deepEqual(
        [error.code, error.message, error.retryable, error.details],
        ['FIXTURE_CODE', 'Do this.', true, { row: 7 }],
      );
      return true;
    });
  });

  it('makes any other error ML_JOB_FAILED with its stack in the details', async () => {
    await assert.rejects(child.run('failPlain', null), (error) => {
      assert.ok(isEtiquetteError(error));
      assert.equal(error.code, 'ML_JOB_FAILED');
      assert.match(error.message, /failPlain.*banana/);
      assert.match(String(error.details.stack), /fixture-child\.ts/);
      return true;
    });
  });

  it('fails the running job with ML_PROCESS_DIED when the child is killed, and does the queued one', async () => {
    const running = child.run('wait', null, { onProgress: () => process.kill(child.pid!, 'SIGKILL') });
    const queued = child.run('echo', 'still here');
    await assert.rejects(running, (error) => {
      assert.ok(isEtiquetteError(error));
      assert.equal(error.code, 'ML_PROCESS_DIED');
      assert.equal(error.retryable, true);
      assert.match(error.message, /killed by SIGKILL/);
      return true;
    });
    assert.equal(await queued, 'still here');
  });

  it('says the exit code and the last lines of a child that ended by itself', async () => {
    await child.run('speak', { out: 'one line', err: 'last words' });
    await assert.rejects(child.run('exit', 3), (error) => {
      assert.ok(isEtiquetteError(error));
      assert.match(error.message, /exit code 3/);
      assert.equal(error.details.exitCode, 3);
      assert.ok((error.details.output as string[]).includes('last words'));
      return true;
    });
    assert.equal(await child.run('echo', 'again'), 'again');
  });

  it('starts a child again that died between two jobs', async () => {
    await child.run('echo', 1);
    const pid = child.pid!;
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    assert.equal(await child.run('echo', 2), 2);
  });

  it('hands every line of the child to the log', async () => {
    await child.run('speak', { out: 'to standard output', err: 'to standard error' });
    await child.close();
    assert.ok(lines.includes('to standard output'));
    assert.ok(lines.includes('to standard error'));
  });

  it('tells the job to stop and rejects with the reason of the abort', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled by a person');
    const job = child.run('untilAborted', null, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await assert.rejects(job, (error) => error === reason);
    assert.notEqual(child.pid, undefined, 'a job that stops by itself costs no process');
  });

  it('kills a child whose job does not stop, within 5 seconds', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled by a person');
    let aborted = 0;
    const job = child.run('deaf', null, {
      signal: controller.signal,
      onProgress: () => {
        aborted = Date.now();
        controller.abort(reason);
      },
    });
    await assert.rejects(job, (error) => error === reason);
    assert.ok(Date.now() - aborted < 5_000);
    assert.equal(await child.run('echo', 'next'), 'next');
  });

  it('takes an aborted job out of the queue at once', async () => {
    const running = new AbortController();
    const queued = new AbortController();
    const first = child.run('untilAborted', null, { signal: running.signal });
    const second = child.run('echo', 2, { signal: queued.signal });
    queued.abort(new Error('not any more'));
    await assert.rejects(second, /not any more/);
    running.abort(new Error('done'));
    await assert.rejects(first, /done/);
  });

  it('refuses a job whose signal is aborted already', async () => {
    await assert.rejects(
      child.run('echo', 1, { signal: AbortSignal.abort(new Error('too late')) }),
      /too late/,
    );
    assert.equal(child.pid, undefined);
  });

  it('has a limit to its queue', async () => {
    const jobs = Array.from({ length: 300 }, (_, at) => child.run('echo', at));
    const results = await Promise.allSettled(jobs);
    const refused = results.filter(({ status }) => status === 'rejected');
    assert.ok(refused.length > 0 && refused.length < 100);
    for (const result of refused) {
      assert.equal((result as PromiseRejectedResult).reason.code, 'ML_QUEUE_FULL');
    }
  });

  it('stops the child when it was idle for long enough', async () => {
    create({ idleSeconds: 0.05 });
    await child.run('echo', 1);
    const pid = child.pid!;
    await gone(pid);
    assert.equal(child.pid, undefined);
    assert.equal(await child.run('echo', 2), 2);
  });

  it('closes with its child gone and its jobs rejected', async () => {
    const jobs: Promise<unknown>[] = [];
    await new Promise<void>((resolve) => {
      jobs.push(child.run('wait', null, { onProgress: () => resolve() }), child.run('echo', 1));
    });
    const pid = child.pid!;
    const rejected = jobs.map((job) => assert.rejects(job, { code: 'ML_PROCESS_CLOSED' }));
    await child.close();
    await Promise.all(rejected);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await assert.rejects(child.run('echo', 1), { code: 'ML_PROCESS_CLOSED' });
  });

  it('is not moved by the SIGINT of a terminal', async () => {
    const controller = new AbortController();
    const job = child.run('untilAborted', null, {
      signal: controller.signal,
      onProgress: () => {
        process.kill(child.pid!, 'SIGINT');
        controller.abort(new Error('done'));
      },
    });
    const pid = child.pid;
    await assert.rejects(job, /done/);
    await child.run('echo', 1);
    assert.equal(child.pid, pid);
  });

  it('lets SIGTERM end the child', async () => {
    const job = child.run('wait', null, { onProgress: () => process.kill(child.pid!, 'SIGTERM') });
    await assert.rejects(job, /exit code 143/);
  });

  it('leaves no child behind when the parent is killed', async () => {
    const parent = fork(fileURLToPath(new URL('fixture-parent.ts', import.meta.url)), [], {
      execArgv: ['--import', 'tsx'],
    });
    const [pid] = (await once(parent, 'message')) as [number];
    parent.kill('SIGKILL');
    try {
      await gone(pid);
    } catch (error) {
      process.kill(pid, 'SIGKILL');
      throw error;
    }
  });
});

/** Waits for a process to end, for some seconds. */
async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 8_000;
  while (Date.now() < deadline) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`process ${pid} is still there`);
}
