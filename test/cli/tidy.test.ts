import { deepEqual, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '../../config.ts';
import { skip } from '../support/skip.ts';

/** Written in pieces: this file is looked at too. */
const REGISTRIES = [
  'registry.npm' + 'js.org',
  'pypi' + '.org',
  'files.python' + 'hosted.org',
  'registry.yarn' + 'pkg.com',
];
/** /home/ui-server is a folder of Temporal's image. */
const HOMES = /(?:^|[^\w.~-])\/(?:home(?!\/ui-server\b)|root|Users|work)\/\w+/;

describe('the project', () => {
  let files: Map<string, string>;
  before(async function () {
    if (!existsSync(join(PROJECT, '.git'))) skip(this, 'not a git clone', { allowed: true });
    const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: PROJECT });
    files = new Map();
    for (const file of stdout.split('\0').filter(Boolean)) {
      const bytes = await readFile(join(PROJECT, file)).catch(() => Buffer.alloc(0));
      if (!bytes.includes(0)) files.set(file, `${bytes}`);
    }
    ok(files.size > 50);
  });

  const those = (holds: (text: string, file: string) => boolean) =>
    [...files].filter(([file, text]) => holds(text, file)).map(([file]) => file);

  it('names no package registry: packages come from wherever npm and pip are told', () => {
    deepEqual(
      those((text) => REGISTRIES.some((host) => text.includes(host))),
      [],
    );
  });

  it('locks packages by hash, not by where they came from', () => {
    const { packages } = JSON.parse(files.get('package-lock.json') ?? '{}');
    const entries = Object.entries<{ resolved?: string; integrity?: string }>(packages).filter(
      ([path]) => path,
    );
    deepEqual(
      entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
      [],
    );
    deepEqual(
      entries.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
      [],
    );
  });

  it('names no path of a machine', () => {
    deepEqual(
      those((text) => HOMES.test(text)),
      [],
    );
  });
});
