import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { writeEnvironmentFile } from '../../cli/start/environment-file.ts';
import { PROJECT, readConfig } from '../../config.ts';

describe('the .env that npm start writes', () => {
  let project: string;
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'etiquette-env-'));
    await copyFile(join(PROJECT, '.env.example'), join(project, '.env.example'));
  });
  afterEach(() => rm(project, { recursive: true }));

  it('is .env.example with random secrets, and a valid configuration', async () => {
    const password = await writeEnvironmentFile(project);
    const written = parseEnv(await readFile(join(project, '.env'), 'utf8'));
    const config = readConfig(written);
    equal(config.TEST_USER_PASSWORD, password);
    equal(config.TEST_USER, 'data_engineer');
    equal(config.TEST_USER_FULLNAME, 'Data Engineer');
    match(`${config.SECRET_KEY}`, /^[\w-]{43}$/);
    match(`${config.DEPLOY_TOKEN}`, /^[\w-]{43}$/);
    notEqual(config.SECRET_KEY, config.DEPLOY_TOKEN);
  });

  it('has other secrets each time', async () => {
    const first = await writeEnvironmentFile(project);
    await rm(join(project, '.env'));
    notEqual(await writeEnvironmentFile(project), first);
  });

  it('is readable by its owner only, and nothing else is left behind', async () => {
    await writeEnvironmentFile(project);
    equal((await stat(join(project, '.env'))).mode & 0o777, 0o600);
    equal((await readdir(project)).sort().join(), '.env,.env.example');
  });

  it('leaves an existing file alone', async () => {
    await writeFile(join(project, '.env'), 'SECRET_KEY=mine');
    equal(await writeEnvironmentFile(project), null);
    equal(await readFile(join(project, '.env'), 'utf8'), 'SECRET_KEY=mine');
  });
});

describe('.env.example', () => {
  it('names every variable that config.ts reads, with its default', async () => {
    const text = await readFile(join(PROJECT, '.env.example'), 'utf8');
    const named = parseEnv(text.replaceAll(/^# ([A-Z_0-9]+=)/gm, '$1'));
    const config = await readFile(join(PROJECT, 'config.ts'), 'utf8');
    const variables = [...config.matchAll(/^ {2}([A-Z][A-Z_0-9]+): (?!string)/gm)].map(([, name]) => name);
    equal(Object.keys(named).sort().join('\n'), variables.sort().join('\n'));

    const uncommented = readConfig({ ...named, SECRET_KEY: '', DEPLOY_TOKEN: '', TEST_USER_PASSWORD: '' });
    deepEqual(uncommented, readConfig({}));
  });
});
