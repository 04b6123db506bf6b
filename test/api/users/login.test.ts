import { strict as assert } from 'node:assert';
import { hash, parseOptions } from '@node-rs/argon2';
import { pino } from 'pino';
import { createPredictions } from '../../../api/database/predictions.ts';
import { ensureEnvironmentUser } from '../../../api/users/environment-user.ts';
import { createUsers } from '../../../api/users/users.ts';
import { eachDatabase } from '../database/each-database.ts';

const PASSWORD = 'a password of Ada';
const HOME = '192.0.2.1';

eachDatabase('a login', (tested) => {
  let clock: Date;
  const users = () => createUsers(tested.database, () => clock);
  const add = (username = 'ada') =>
    users().accounts.add({ username, fullName: 'Ada Lovelace', role: 'operator', password: PASSWORD });
  const later = (seconds: number) => {
    clock = new Date(clock.getTime() + seconds * 1000);
  };
  beforeEach(() => {
    clock = new Date('2025-06-23T12:00:00.500Z');
  });

  /** "in", "wrong", or how many seconds to wait. */
  async function logIn(password: string, { user = 'ada', peer = HOME } = {}): Promise<string | number> {
    try {
      return (await users().authenticate(user, password, peer)) ? 'in' : 'wrong';
    } catch (error) {
      const { code, details } = error as { code: string; details: { retryAfterSeconds: number } };
      assert.equal(code, 'LOGIN_LOCKED');
      return details.retryAfterSeconds;
    }
  }
  async function fail(times: number, where: { user?: string; peer?: string } = {}): Promise<void> {
    for (let time = 0; time < times; time += 1) assert.equal(await logIn('wrong', where), 'wrong');
  }

  it('says who it is, and from when on tokens count: not before the user was made', async () => {
    await add();
    const login = await users().authenticate('ada', PASSWORD, HOME);
    assert.deepEqual(login?.user, {
      ...{ username: 'ada', fullName: 'Ada Lovelace', role: 'operator' },
      scopes: ['predict', 'read', 'operate'],
    });
    assert.equal(login?.tokensFrom.toISOString(), '2025-06-23T12:00:01.000Z');
  });

  it('waits after five failures', async () => {
    await add();
    await fail(5);
    assert.equal(await logIn(PASSWORD), 1);
    later(1);
    assert.equal(await logIn(PASSWORD), 'in');
  });

  it('waits for names that nobody has, too', async () => {
    await fail(5, { user: 'nobody' });
    assert.equal(await logIn('wrong', { user: 'nobody' }), 1);
  });

  it('with a name or a key that no database can store is a wrong one', async () => {
    assert.equal(await logIn('wrong', { user: 'a\0b' }), 'wrong');
    const of = { username: 'a\0b', jti: '1', issuedAt: 0, expiresAt: 1 };
    assert.equal(await users().ofToken(of), null);
    await assert.rejects(users().keys.revoke('a\0b'), { code: 'KEY_UNKNOWN' });
    await assert.rejects(users().accounts.remove('a\0b'), { code: 'USER_UNKNOWN' });
    assert.equal(await createPredictions(tested.database).find('a\0b'), null);
    await assert.rejects(add('a\0b'), { code: 'USER_INVALID' });
  });

  it('is counted by every process, and what was tried is not kept in words', async () => {
    await add();
    await Promise.all([fail(2), fail(3)]);
    assert.equal(await logIn(PASSWORD), 1);
    const rows = await tested.database.selectFrom('login_failures').selectAll().execute();
    assert.equal(rows.length, 3);
    assert.equal(JSON.stringify(rows).includes('ada'), false);
  });

  it('among many at once: as many failures are let through as are checked at a time', async () => {
    await add();
    const one = users();
    const tries = Array.from({ length: 30 }, () =>
      one.authenticate('ada', 'wrong', HOME).then(
        () => 'wrong',
        (error: { code: string }) => error.code,
      ),
    );
    const answers = await Promise.all(tries);
    const wrong = answers.filter((answer) => answer === 'wrong').length;
    assert.ok(wrong >= 5 && wrong <= 6, `${wrong}`);
    assert.equal(answers.filter((answer) => answer === 'LOGIN_LOCKED').length, 30 - wrong);
  });

  it('hashes the password anew when it was hashed with other parameters', async () => {
    await add();
    const weak = await hash(PASSWORD, { memoryCost: 4096, timeCost: 3, parallelism: 1 });
    await tested.database.updateTable('users').set({ password_hash: weak }).execute();
    assert.equal(await logIn(`${PASSWORD}!`), 'wrong');
    const stored = async () =>
      (await tested.database.selectFrom('users').select('password_hash').executeTakeFirstOrThrow())
        .password_hash;
    assert.equal(await stored(), weak);
    assert.equal(await logIn(PASSWORD), 'in');
    const { memoryCost, timeCost, parallelism } = parseOptions(await stored());
    assert.deepEqual([memoryCost, timeCost, parallelism], [19_456, 2, 1]);
    assert.equal(await logIn(PASSWORD), 'in');
  });

  it('ends by a sign-out for the tokens from before, also those of the same second', async () => {
    await add();
    const login = await users().authenticate('ada', PASSWORD, HOME);
    const token = { username: 'ada', jti: '1', expiresAt: Number.MAX_SAFE_INTEGER };
    const issuedAt = (login?.tokensFrom.getTime() ?? 0) / 1000;
    assert.equal((await users().ofToken({ ...token, issuedAt }))?.username, 'ada');
    await users().accounts.signOut('ada');
    assert.equal(await users().ofToken({ ...token, issuedAt }), null);
    const again = await users().authenticate('ada', PASSWORD, HOME);
    const from = (again?.tokensFrom.getTime() ?? 0) / 1000;
    assert.equal((await users().ofToken({ ...token, issuedAt: from }))?.username, 'ada');
    await users().revoke({ ...token, issuedAt: from });
    assert.equal(await users().ofToken({ ...token, issuedAt: from }), null);
  });
});

eachDatabase('the user of TEST_USER', (tested) => {
  const now = () => new Date();
  const ensure = (password = PASSWORD) =>
    ensureEnvironmentUser(
      tested.database,
      { username: 'data_engineer', fullName: 'Data Engineer', password },
      now,
      pino({ level: 'silent' }),
    );
  const users = () => createUsers(tested.database, now);
  const isIn = async (password: string) =>
    (await users().authenticate('data_engineer', password, HOME)) !== null;

  it('is an operator, made once by processes that start at the same time', async () => {
    await Promise.all([ensure(), ensure(), ensure()]);
    const [user, ...others] = await users().accounts.list();
    assert.deepEqual(others, []);
    assert.deepEqual([user?.role, user?.fullName, user?.disabled], ['operator', 'Data Engineer', false]);
    assert.ok(await isIn(PASSWORD));
  });

  it('gets the variable’s new password at the next start, once', async () => {
    await ensure();
    await ensure('another password');
    assert.deepEqual([await isIn(PASSWORD), await isIn('another password')], [false, true]);
  });

  it('keeps role, state and password that an administrator gave it', async () => {
    await ensure();
    const change = { role: 'predictor', password: 'an admin’s choice' } as const;
    await users().accounts.change('data_engineer', change);
    await ensure();
    assert.deepEqual([await isIn(PASSWORD), await isIn(change.password)], [false, true]);
    await users().accounts.change('data_engineer', { disabled: true });
    await ensure('another password');
    const [user] = await users().accounts.list();
    assert.deepEqual([user?.role, user?.disabled], ['predictor', true]);
    assert.equal(await isIn('another password'), false);
  });
});
