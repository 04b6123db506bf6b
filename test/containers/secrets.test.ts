import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROJECT } from '../../config.ts';

describe('the container that hands out secrets', () => {
  let volumes: string;
  const run = (env: Record<string, string> = {}, ...args: string[]) =>
    execFileSync(process.execPath, [join(PROJECT, 'docker/secrets.mjs'), ...args], {
      env: { PATH: process.env.PATH, VOLUMES: volumes, ...env },
      encoding: 'utf8',
    });
  const read = (...path: string[]) => readFileSync(join(volumes, ...path), 'utf8');

  beforeEach(() => {
    volumes = mkdtempSync(join(tmpdir(), 'etiquette-volumes-'));
    const compose = parse(readFileSync(join(PROJECT, 'docker-compose.yml'), 'utf8'));
    for (const name of Object.keys(compose.volumes)) mkdirSync(join(volumes, name));
  });
  afterEach(() => rmSync(volumes, { recursive: true, force: true }));

  it('draws every secret at random, and says nothing', () => {
    equal(run(), '');
    const drawn = readdirSync(join(volumes, 'secrets'));
    equal(new Set(drawn.map((name) => read('secrets', name))).size, drawn.length);
    for (const name of drawn) match(read('secrets', name), /^[\w-]{20,43}$/, name);
  });

  it('keeps what it drew, whatever starts again', () => {
    run();
    const first = read('secrets', 'SECRET_KEY');
    run();
    equal(read('secrets', 'SECRET_KEY'), first);
  });

  it('takes what .env gives, and hands it on the next time it is changed', () => {
    run({ DATABASE_PASSWORD: 'given by a person' });
    equal(read('secrets-api', 'DATABASE_PASSWORD'), 'given by a person');
    run({ DATABASE_PASSWORD: 'changed by a person' });
    equal(read('secrets-api', 'DATABASE_PASSWORD'), 'changed by a person');
    equal(read('secrets-postgres', 'DATABASE_PASSWORD'), 'changed by a person');
  });

  it('forgets the key before when .env names none any more', () => {
    run({ SECRET_KEY_PREVIOUS: 'the key of the year before' });
    equal(read('secrets-api', 'SECRET_KEY_PREVIOUS'), 'the key of the year before');
    run();
    equal(readdirSync(join(volumes, 'secrets-api')).includes('SECRET_KEY_PREVIOUS'), false);
  });

  it('lets each role read its own and no more', () => {
    run();
    const files = (role: string) => readdirSync(join(volumes, `secrets-${role}`)).sort();
    deepEqual(files('worker'), [
      'DATABASE_PASSWORD',
      'DEPLOY_TOKEN',
      'DVC_REMOTE_ACCESS_KEY_ID',
      'DVC_REMOTE_SECRET_ACCESS_KEY',
    ]);
    deepEqual(files('temporal'), ['SQL_PASSWORD']);
    deepEqual(files('prometheus'), ['METRICS_TOKEN']);
    deepEqual(files('alertmanager'), []);
    for (const role of ['api', 's3', 'mlflow']) {
      for (const name of files(role))
        equal(statSync(join(volumes, `secrets-${role}`, name)).mode & 0o777, 0o400);
    }
  });

  it('shows one to whoever may run it', () => {
    run();
    equal(run({}, 'show', 'TEST_USER_PASSWORD'), `${read('secrets', 'TEST_USER_PASSWORD')}\n`);
    notEqual(read('secrets', 'TEST_USER_PASSWORD'), read('secrets', 'SECRET_KEY'));
  });
});
