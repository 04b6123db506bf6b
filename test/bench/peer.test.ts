import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPython } from '../../bench/peer.ts';
import { usageOf } from '../../bench/usage.ts';
import { skip } from '../support/skip.ts';

const MIB = 2 ** 20;

describe('a peer', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-peer-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function run(body: string, input: unknown, said: string[] = []) {
    const script = join(directory, 'some_peer.py');
    await writeFile(script, `from peer import serve\n\ndef work(given):\n${body}\n\nserve(work)\n`);
    return runPython<unknown>('python3', script, input, (line) => said.push(line));
  }

  it('gets JSON and answers JSON; what it prints is passed on and does not spoil the answer', async () => {
    const said: string[] = [];
    const { result } = await run(
      '    print("at work")\n    return given["texts"][::-1]',
      { texts: ['é', 'b'] },
      said,
    );
    assert.deepEqual(result, ['b', 'é']);
    assert.deepEqual(said, ['at work']);
  });

  it('says what it cost: CPU of the work, its own peak memory, and wall time around both', async () => {
    const body = [
      '    import time',
      `    held = bytearray(${200 * MIB})`,
      '    del held',
      '    end = time.process_time() + 0.3',
      '    while time.process_time() < end: pass',
    ].join('\n');
    const { cpuSeconds, peakRssBytes, wallSeconds } = await run(body, null);
    assert.ok(cpuSeconds >= 0.3 && cpuSeconds < 3, `${cpuSeconds} s`);
    assert.ok(wallSeconds >= 0.3, `${wallSeconds} s`);
    assert.ok(peakRssBytes > 200 * MIB && peakRssBytes < 300 * MIB, `${peakRssBytes / MIB} MiB`);
  });

  it('that fails is reported with its last line', async () => {
    // A line may come in pieces, as a traceback's does on a busy machine.
    const body = [
      '    import os, time',
      '    os.write(2, b"no such ")',
      '    time.sleep(0.05)',
      '    os.write(2, b"rows\\n")',
      '    os._exit(1)',
    ].join('\n');
    await assert.rejects(run(body, null), { code: 'PEER_FAILED', message: /ended with 1: no such rows$/ });
  });
});

describe('the usage of a living process', () => {
  it('is its CPU time and peak memory', async function () {
    if (process.platform !== 'linux') skip(this, 'only Linux has /proc', { allowed: true });
    const script = `let x = 0; const held = Buffer.alloc(${200 * MIB}, 1);
      const end = process.cpuUsage().user + 300_000;
      while (process.cpuUsage().user < end) for (let i = 0; i < 1e6; i++) x++;
      console.log(held.length + x); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const usage = await usageOf(child.pid);
      assert.ok(usage);
      assert.ok(usage.cpuSeconds >= 0.3 && usage.cpuSeconds < 5, `${usage.cpuSeconds} s`);
      assert.ok(usage.peakRssBytes > 200 * MIB && usage.peakRssBytes < 400 * MIB);
    } finally {
      child.kill();
    }
  });

  it('of a process that is gone is not known', async () => {
    assert.equal(await usageOf(undefined), null);
  });
});
