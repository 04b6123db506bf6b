import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { PROJECT } from '../../config.ts';
import type { ShownSchedule } from '../../temporal/schedules/shown.ts';
import { freePort, type Server, startTemporal } from '../support/servers.ts';
import { skip } from '../support/skip.ts';

describe('npm run schedules', function () {
  this.timeout(60_000);
  let directory: string;
  let server: Server;
  let env: NodeJS.ProcessEnv;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-schedules-'));
    const address = `127.0.0.1:${await freePort()}`;
    server = await startTemporal({ address, uiPort: await freePort(), directory });
    const times = { RETRAIN_SCHEDULE: '0 3 * * 0', WATCH_SCHEDULE: 'off', PRUNE_SCHEDULE: '30 4 * * *' };
    env = { ...process.env, ...times, TEMPORAL_ADDRESS: address, SCHEDULE_TIME_ZONE: 'Europe/Paris' };
  });
  after(async () => {
    await server?.stop();
    if (directory) await rm(directory, { recursive: true });
  });

  async function run(...args: string[]) {
    const child = spawn(process.execPath, [join(PROJECT, 'cli/etiquette.mjs'), 'schedules', ...args], {
      env,
    });
    const [output, errors] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code: child.exitCode, output, errors };
  }
  const listed = async (): Promise<ShownSchedule[]> =>
    JSON.parse((await run('list', '--json')).output).schedules;

  it('lists, applies, pauses with a reason, keeps the pause, and resumes', async () => {
    const before = await run('list');
    assert.match(before.output, /^retrain {2}0 3 \* \* 0 \(Europe\/Paris\)\n.*\n.*not applied yet/);
    assert.doesNotMatch(before.output, /watch-drift/);
    assert.deepEqual(await run('apply'), {
      code: 0,
      output: 'retrain       created\nprune         created\n',
      errors: '',
    });

    await run('pause', 'retrain', '--reason', 'the catalogue moves');
    await run('apply');
    const [paused] = await listed();
    assert.equal(paused?.paused, true);
    assert.match(paused?.note ?? '', /^Paused by .+: the catalogue moves$/);

    assert.equal((await run('resume', 'retrain')).output, 'retrain runs again.\n');
    const [retrain] = await listed();
    assert.equal(retrain?.paused, false);
    const next = retrain?.next[0] ?? '';
    assert.ok(Date.parse(next) > Date.now() && Date.parse(next) < Date.now() + 8 * 86_400_000, next);
    assert.match((await run('list')).output, /next {2}Sun, \d+ \w+ 20\d\d, 03:\d\d CES?T/);
  });

  it('says in words what it does not know or do', async () => {
    for (const [args, code, words] of [
      [['trigger', 'watch-drift'], 1, /SCHEDULE_UNKNOWN: .*known are retrain, prune/],
      [['backfill', 'prune', '--from', 'yesterday'], 2, /USAGE: Say --from as/],
      [
        ['backfill', 'prune', '--from', '2025-01-01', '--to', '2026-01-01'],
        1,
        /BACKFILL_INVALID: .* 365 times/,
      ],
      [['pause'], 2, /USAGE/],
      [['list', 'retrain'], 2, /USAGE/],
    ] as const) {
      const { code: ended, errors } = await run(...args);
      assert.equal(ended, code, errors);
      assert.match(errors, words);
    }
  });
});
