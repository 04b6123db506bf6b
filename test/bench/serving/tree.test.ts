import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { descendantsWith, parseStat, resetPeaks, treeUsage } from '../../../bench/serving/tree.ts';
import { skip } from '../../support/skip.ts';

const MIB = 2 ** 20;

describe('the usage of a tree of processes', () => {
  it('reads a program’s name that has spaces and brackets', () => {
    const stat = '42 (a (b) c) S 7 42 42 0 -1 4194304 1 2 3 4 150 50 25 75 20 0 1 0 100 0 0';
    assert.deepEqual(parseStat(stat), { pid: 42, parent: 7, cpuSeconds: 3 });
  });

  it('counts a child’s memory, and its peak from when it was asked to', async function () {
    if (process.platform !== 'linux') skip(this, 'only Linux has /proc', { allowed: true });
    const inner = `let held = Buffer.alloc(${150 * MIB}, 1); console.log('held');
      process.stdin.once('data', () => { held = null; gc(); console.log('freed'); });`;
    const outer = `require('child_process').spawn(process.execPath, ['--expose-gc', '-e', ${JSON.stringify(inner)}], { stdio: 'inherit' })`;
    const parent = spawn(process.execPath, ['-e', outer], { stdio: ['pipe', 'pipe', 'inherit'] });
    const roots = [parent.pid ?? 0];
    try {
      await once(parent.stdout, 'data');
      const holding = await treeUsage(roots);
      assert.ok(holding.residentBytes > 150 * MIB, `${holding.residentBytes / MIB} MiB`);
      const children = await descendantsWith(roots[0] ?? 0, '--expose-gc');
      assert.equal(children.length, 1);

      parent.stdin.write('free\n');
      await once(parent.stdout, 'data');
      const freed = await treeUsage(roots);
      assert.ok(freed.residentBytes < holding.residentBytes - 100 * MIB, 'it gave its memory back');
      assert.ok(freed.peakBytes > 150 * MIB, 'but is known to have held it');
      await resetPeaks(roots);
      assert.ok((await treeUsage(roots)).peakBytes < holding.residentBytes - 100 * MIB, 'until it is reset');
      for (const pid of children) process.kill(pid);
    } finally {
      parent.kill();
    }
  });

  it('is not known of a process that is gone', async () => {
    assert.ok(Number.isNaN((await treeUsage([2 ** 30])).cpuSeconds));
  });
});
