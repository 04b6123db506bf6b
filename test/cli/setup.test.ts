import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureCached } from '../../cli/setup/cache.mjs';
import { tryLock } from '../../cli/setup/lock.mjs';
import { areInstalled } from '../../cli/setup/node-modules.mjs';
import { checkNode } from '../../cli/setup/node-version.mjs';
import { checkPortsAreFree } from '../../cli/start/ports.ts';

describe('set-up', () => {
  let folder: string;
  let cacheBefore: string | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etiquette-setup-'));
    cacheBefore = process.env.ETIQUETTE_CACHE;
    process.env.ETIQUETTE_CACHE = folder;
  });
  afterEach(async () => {
    if (cacheBefore === undefined) delete process.env.ETIQUETTE_CACHE;
    else process.env.ETIQUETTE_CACHE = cacheBefore;
    await rm(folder, { recursive: true });
  });

  describe('Node', () => {
    it('is accepted from 20.12 on', () => {
      for (const version of ['20.12.0', '20.20.1', '22.0.0', '24.1.0']) checkNode(version);
    });

    it('is refused below, in one sentence', () => {
      throws(() => checkNode('20.11.1'), { code: 'NODE_UNSUPPORTED', message: /needs Node 20.12 or newer/ });
      throws(() => checkNode('18.20.0'), { code: 'NODE_UNSUPPORTED' });
    });
  });

  describe('node modules', () => {
    const lock = (packages: object) => JSON.stringify({ packages });
    const wanted = {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '1.0.0', optional: true },
    };

    async function installed(packages: object | null): Promise<boolean> {
      await writeFile(join(folder, 'package-lock.json'), lock(wanted));
      await mkdir(join(folder, 'node_modules'), { recursive: true });
      if (packages) await writeFile(join(folder, 'node_modules/.package-lock.json'), lock(packages));
      return areInstalled(folder);
    }

    it('are in place when npm recorded every package', async () => {
      equal(
        await installed({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } }),
        true,
      );
    });

    it('are in place without the optional packages of other platforms', async () => {
      equal(await installed({ 'node_modules/a': { version: '1.0.0' } }), true);
    });

    it('are installed again when one is missing or another version', async () => {
      equal(await installed({}), false);
      equal(await installed({ 'node_modules/a': { version: '1.0.1' } }), false);
    });

    it('are installed again when npm was interrupted before its record', async () => {
      equal(await installed(null), false);
    });
  });

  describe('the cache', () => {
    const fill = async (entry: string) => writeFile(join(entry, 'file'), 'content');
    const isThere = () => existsSync(join(folder, 'tool-1', 'file'));

    it('makes an entry once', async () => {
      let made = 0;
      const make = (entry: string) => {
        made++;
        return fill(entry);
      };
      await ensureCached('tool-1', make, isThere);
      await ensureCached('tool-1', make, isThere);
      equal(made, 1);
    });

    it('has no entry, and no rest of one, when its making fails', async () => {
      await rejects(
        ensureCached(
          'tool-1',
          async (entry) => {
            await fill(entry);
            throw new Error('cut off');
          },
          isThere,
        ),
        /cut off/,
      );
      deepEqual(await readdir(folder), []);
    });

    it('clears what a killed set-up left', async () => {
      await mkdir(join(folder, '.stage-killed'));
      await ensureCached('tool-1', fill, isThere);
      deepEqual(await readdir(folder), ['tool-1']);
    });
  });

  describe('the lock', () => {
    const file = () => join(folder, 'lock');

    it('has one holder, until it is let go', () => {
      const release = tryLock(file());
      ok(release);
      equal(tryLock(file()), null);
      release();
      const again = tryLock(file());
      ok(again);
      again();
    });

    it('passes on when its holder was killed', async () => {
      const holder = join(folder, 'holder.mjs');
      const lockModule = new URL('../../cli/setup/lock.mjs', import.meta.url).href;
      await writeFile(
        holder,
        `import { tryLock } from ${JSON.stringify(lockModule)};
         tryLock(${JSON.stringify(file())});
         process.send('locked');
         setInterval(() => {}, 1000);`,
      );
      const child = fork(holder, { execArgv: [] });
      await once(child, 'message');
      equal(tryLock(file()), null);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const release = tryLock(file());
      ok(release);
      release();
    });

    it('passes on when a holder on another machine has not touched it for long', async () => {
      await writeFile(file(), JSON.stringify({ pid: 1, host: 'elsewhere', id: 'x' }));
      equal(tryLock(file()), null);
      const longAgo = new Date(Date.now() - 60_000);
      await utimes(file(), longAgo, longAgo);
      const release = tryLock(file());
      ok(release);
      release();
    });
  });

  it('names every taken port and the variable that moves it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const wanted = { host: '127.0.0.1', port, what: 'the API', variable: 'API_PORT' };
    await rejects(checkPortsAreFree([wanted]), {
      code: 'PORT_IN_USE',
      message: `Port ${port}, wanted for the API, is in use: set API_PORT to another.`,
    });
    server.close();
    await once(server, 'close');
    await checkPortsAreFree([wanted]);
  });
});
