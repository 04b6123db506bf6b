import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PROJECT } from '../../config.ts';
import { startEntry } from '../support/servers.ts';
import { until } from '../support/training.ts';

const PASSWORD = 'a password of Ada';

describe('npm run users, npm run keys', () => {
  let directory: string;
  const started: ChildProcess[] = [];
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-users-'));
  });
  after(async () => {
    for (const child of started) child.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });

  const env = () => ({ ...process.env, VAR_DIR: directory, DATABASE_URL: '', TEST_USER_PASSWORD: '' });
  async function run(command: string, args: readonly string[], input = '') {
    const child = spawn(process.execPath, [join(PROJECT, 'cli/etiquette.mjs'), command, ...args], {
      env: env(),
    });
    child.stdin.end(input);
    const [output, errors] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code: child.exitCode, output, errors };
  }

  it('make the first administrator and a key, which the auth process knows at once', async () => {
    const added = await run(
      'users',
      ['add', 'ada', '--role', 'admin', '--name', 'Ada Lovelace'],
      `${PASSWORD}\n`,
    );
    assert.deepEqual(added, { code: 0, output: 'ada is an admin.\n', errors: '' });

    const log = join(directory, 'auth.log');
    const secrets = { SECRET_KEY: 'a secret of the tests', AUTH_PORT: '0', VAR_DIR: directory };
    const auth = await startEntry(
      'api/auth.ts',
      { ...secrets, DATABASE_URL: '', TEST_USER_PASSWORD: '' },
      log,
    );
    started.push(auth.process);
    const url = await until(async () => {
      return (await readFile(log, 'utf8')).match(/http:\/\/[^"]+/)?.[0];
    }, 'the address in the log');
    const logIn = (password: string) =>
      fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams({ username: 'ada', password }) });
    const verify = (token: string) =>
      fetch(`${url}/verify-token`, { headers: { Authorization: `Bearer ${token}` } });

    const login = await logIn(PASSWORD);
    assert.equal(login.status, 200);
    const { access_token: token } = (await login.json()) as { access_token: string };
    assert.deepEqual(await (await verify(token)).json(), { username: 'ada', full_name: 'Ada Lovelace' });

    const made = await run('keys', ['add', 'nightly', '--user', 'ada', '--scopes', 'predict,read']);
    assert.equal(made.code, 0);
    assert.match(made.output, /^etq_[0-9a-f]{16}_[\w-]{43}\n$/);
    const key = made.output.trim();
    assert.equal((await verify(key)).status, 200);
    assert.equal((await run('keys', ['revoke', key.slice(4, 20)])).code, 0);
    assert.equal((await verify(key)).status, 401);

    assert.equal((await run('users', ['password', 'ada'], 'another password\n')).code, 0);
    assert.equal((await verify(token)).status, 401);
    assert.deepEqual([(await logIn(PASSWORD)).status, (await logIn('another password')).status], [401, 200]);
    assert.equal((await run('users', ['disable', 'ada'])).code, 0);
    assert.equal((await logIn('another password')).status, 401);
    await auth.stop();
  });

  it('list as JSON, without hashes', async () => {
    const { output } = await run('users', ['list', '--json']);
    const { users } = JSON.parse(output) as { users: Array<Record<string, unknown>> };
    assert.deepEqual(
      users.map(({ username, role, disabled }) => [username, role, disabled]),
      [['ada', 'admin', true]],
    );
    assert.equal(output.includes('argon2'), false);
  });

  for (const [what, args, input, code, words] of [
    ['a short password', ['add', 'eve', '--role', 'admin'], 'elevenchars\n', 1, 'PASSWORD_UNFIT'],
    ['no password', ['add', 'eve', '--role', 'admin'], '', 1, 'PASSWORD_MISSING'],
    ['a password as an argument', ['add', 'eve', '--role', 'admin', '--password', 'x'], '', 2, 'USAGE'],
    ['an unknown user', ['remove', 'eve'], '', 1, 'USER_UNKNOWN'],
  ] as const) {
    it(`refuse ${what}`, async () => {
      const { code: exit, errors } = await run('users', args, input);
      assert.equal(exit, code);
      assert.match(errors, new RegExp(`^${words}: `));
    });
  }
});
