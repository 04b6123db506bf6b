import { strict as assert } from 'node:assert';
import type { Role } from '../../../api/roles.ts';
import { body, PASSWORD, type TestApi, testApi, USERNAME } from '../support.ts';

const ADA = { username: 'ada', full_name: 'Ada Lovelace', role: 'operator', password: 'a password of Ada' };

/** Sends JSON with a token or a key. */
function sender(api: TestApi, token: string) {
  return async (method: string, path: string, json?: unknown) =>
    api.app.request(path, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
}

async function logIn(api: TestApi, username: string, password: string) {
  const answer = await api.app.request('/token', {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
  });
  return { status: answer.status, token: String((await body(answer)).access_token) };
}

async function statusOf(api: TestApi, token: string): Promise<number> {
  return (await api.app.request('/verify-token', { headers: { Authorization: `Bearer ${token}` } })).status;
}

describe('users, through the API', () => {
  let api: TestApi;
  let clock: Date;
  let send: ReturnType<typeof sender>;
  beforeEach(async () => {
    clock = new Date();
    api = await testApi({ role: 'admin', now: () => clock });
    send = sender(api, await api.token());
  });

  it('are added and listed by an administrator, without their passwords', async () => {
    const added = await send('POST', '/users', ADA);
    assert.equal(added.status, 201);
    const { created_at, changed_at, ...rest } = await body(added);
    assert.equal(created_at, changed_at);
    assert.deepEqual(rest, {
      ...{ username: 'ada', full_name: 'Ada Lovelace', role: 'operator', disabled: false },
    });
    const { users } = await body(await send('GET', '/users'));
    const names = (users as Array<{ username: string }>).map(({ username }) => username);
    assert.deepEqual(names, ['ada', USERNAME]);
    assert.equal(JSON.stringify(users).includes('argon2'), false);
    assert.equal((await logIn(api, 'ada', ADA.password)).status, 200);
  });

  it('are told apart by their names in one normal form', async () => {
    assert.equal((await send('POST', '/users', { ...ADA, username: 'Ren\u00e9' })).status, 201);
    const again = await send('POST', '/users', { ...ADA, username: 'Rene\u0301' });
    assert.deepEqual([again.status, (await body(again)).code], [409, 'USER_EXISTS']);
    assert.equal((await logIn(api, 'Rene\u0301', ADA.password)).status, 200);
  });

  const unfit: ReadonlyArray<[string, Record<string, unknown>, string]> = [
    ['no name', { username: '' }, 'USER_INVALID'],
    ['a name of 65 characters', { username: 'a'.repeat(65) }, 'USER_INVALID'],
    ['a line end in the name', { username: 'ada\nroot' }, 'USER_INVALID'],
    ['a blank at the end of the name', { username: 'ada ' }, 'USER_INVALID'],
    ['a character that turns the direction of writing', { full_name: 'Ada \u202etoor' }, 'USER_INVALID'],
    ['a password of 11 characters', { password: 'elevenchars' }, 'PASSWORD_UNFIT'],
    ['a password of 1,100 bytes', { password: 'é'.repeat(550) }, 'PASSWORD_UNFIT'],
    ['a role that does not exist', { role: 'root' }, 'FIELDS_INVALID'],
    ['a field too many', { scopes: ['admin'] }, 'FIELDS_INVALID'],
  ];
  for (const [what, fields, code] of unfit) {
    it(`are refused with ${what}: 422 ${code}`, async () => {
      const answer = await send('POST', '/users', { ...ADA, ...fields });
      assert.deepEqual([answer.status, (await body(answer)).code], [422, code]);
    });
  }

  const changes: ReadonlyArray<[string, Record<string, unknown>]> = [
    ['a new role', { role: 'predictor' }],
    ['a new password', { password: 'another password' }],
    ['being disabled', { disabled: true }],
  ];
  for (const [what, change] of changes) {
    it(`lose their tokens by ${what}`, async () => {
      await send('POST', '/users', ADA);
      const { token } = await logIn(api, 'ada', ADA.password);
      assert.equal(await statusOf(api, token), 200);
      const changed = await send('PATCH', '/users/ada', change);
      assert.equal(changed.status, 200);
      assert.equal(await statusOf(api, token), 401);
    });
  }

  it('can log in at once after a change, and keep their tokens when only the full name changes', async () => {
    await send('POST', '/users', ADA);
    await send('PATCH', '/users/ada', { password: 'another password' });
    assert.equal((await logIn(api, 'ada', ADA.password)).status, 401);
    const { token } = await logIn(api, 'ada', 'another password');
    assert.equal(await statusOf(api, token), 200);
    await send('PATCH', '/users/ada', { full_name: 'Ada King' });
    const whose = await api.app.request('/verify-token', { headers: { Authorization: `Bearer ${token}` } });
    assert.deepEqual(await body(whose), { username: 'ada', full_name: 'Ada King' });
  });

  it('do not get in while they are disabled, and are told nothing else than with a wrong password', async () => {
    await send('POST', '/users', ADA);
    await send('PATCH', '/users/ada', { disabled: true });
    const login = new URLSearchParams({ username: 'ada', password: ADA.password });
    const answer = await api.app.request('/token', { method: 'POST', body: login });
    assert.deepEqual(
      [answer.status, await body(answer)],
      [401, { detail: 'Invalid username or password', code: 'LOGIN_FAILED' }],
    );
    await send('PATCH', '/users/ada', { disabled: false });
    assert.equal((await logIn(api, 'ada', ADA.password)).status, 200);
  });

  it('are gone once they are removed, with tokens and keys, also for a user of the same name', async () => {
    await send('POST', '/users', ADA);
    const { token } = await logIn(api, 'ada', ADA.password);
    const { key } = await body(await send('POST', '/users/ada/keys', KEY));
    assert.equal((await send('DELETE', '/users/ada')).status, 204);
    const gone = await send('DELETE', '/users/ada');
    assert.deepEqual([gone.status, (await body(gone)).code], [404, 'USER_UNKNOWN']);
    clock = new Date(clock.getTime() + 1000);
    await send('POST', '/users', ADA);
    assert.deepEqual([await statusOf(api, token), await statusOf(api, String(key))], [401, 401]);
  });

  it('leave an audit line for each change: who and what, never a secret', async () => {
    await send('POST', '/users', ADA);
    await send('PATCH', '/users/ada', { password: 'another password', role: 'admin' });
    const { key, id } = await body(await send('POST', '/users/ada/keys', KEY));
    await send('DELETE', `/keys/${id}`);
    await send('DELETE', '/users/ada');
    const lines = api.logged.filter((line) => 'audit' in line);
    assert.deepEqual(
      lines.map(({ audit, by, username }) => [audit, by, username]),
      ['user.add', 'user.change', 'key.add', 'key.revoke', 'user.remove'].map((what) => [
        what,
        USERNAME,
        'ada',
      ]),
    );
    assert.deepEqual([lines[1]?.role, lines[1]?.fields], ['admin', ['role', 'password']]);
    for (const secret of [ADA.password, 'another password', String(key), PASSWORD]) {
      assert.equal(JSON.stringify(api.logged).includes(secret), false);
    }
  });

  for (const role of ['predictor', 'operator'] as const satisfies Role[]) {
    it(`are none of a ${role}'s business`, async () => {
      const other = await testApi({ role });
      const sendAs = sender(other, await other.token());
      for (const [method, path, json] of [
        ['GET', '/users'],
        ['POST', '/users', ADA],
        ['PATCH', `/users/${USERNAME}`, { role: 'admin' }],
        ['DELETE', `/users/${USERNAME}`],
        ['GET', `/users/${USERNAME}/keys`],
        ['POST', `/users/${USERNAME}/keys`, KEY],
        ['DELETE', '/keys/0123456789abcdef'],
      ] as const) {
        const answer = await sendAs(method, path, json);
        assert.deepEqual([answer.status, (await body(answer)).code], [403, 'FORBIDDEN'], `${method} ${path}`);
      }
    });
  }
});

const KEY = { name: 'nightly import', scopes: ['predict', 'read'], days: 90 };

describe('an API key', () => {
  let api: TestApi;
  let clock: Date;
  let send: ReturnType<typeof sender>;
  beforeEach(async () => {
    clock = new Date();
    api = await testApi({ role: 'admin', now: () => clock });
    send = sender(api, await api.token());
    await send('POST', '/users', ADA);
  });
  const make = async (fields: Record<string, unknown> = {}) => {
    const answer = await send('POST', '/users/ada/keys', { ...KEY, ...fields });
    assert.equal(answer.status, 201);
    return (await body(answer)) as { id: string; key: string };
  };
  const stored = async () =>
    (await body(await send('GET', '/users/ada/keys'))).keys as Array<Record<string, unknown>>;

  it('is shown once, and lets its user in as bearer token or X-API-Key', async () => {
    const { id, key } = await make();
    assert.match(key, new RegExp(`^etq_${id}_[\\w-]{43}$`));
    for (const headers of [{ Authorization: `Bearer ${key}` }, { 'X-API-Key': key }]) {
      const answer = await api.app.request('/verify-token', { headers });
      assert.deepEqual(await body(answer), { username: 'ada', full_name: 'Ada Lovelace' });
    }
    assert.equal(JSON.stringify(await stored()).includes(key.slice(-43)), false);
  });

  it('may do what its scopes say, and never more than its user may at that time', async () => {
    const [reading, operating] = [
      await make({ scopes: ['read'] }),
      await make({ scopes: ['read', 'operate'] }),
    ];
    const deployments = async (key: string) => (await sender(api, key)('GET', '/deployments')).status;
    const retrain = async (key: string) => (await sender(api, key)('POST', '/retrain', {})).status;
    assert.deepEqual([await deployments(reading.key), await retrain(reading.key)], [200, 403]);
    // 503: there is no Temporal here.
    assert.deepEqual([await deployments(operating.key), await retrain(operating.key)], [200, 503]);
    await send('PATCH', '/users/ada', { role: 'predictor' });
    assert.deepEqual([await deployments(operating.key), await retrain(operating.key)], [200, 403]);
    await send('PATCH', '/users/ada', { disabled: true });
    assert.equal(await deployments(operating.key), 401);
  });

  it('ends when it is revoked, and not with its user’s tokens', async () => {
    const { id, key } = await make();
    await send('PATCH', '/users/ada', { password: 'another password' });
    assert.equal(await statusOf(api, key), 200);
    assert.equal((await send('DELETE', `/keys/${id}`)).status, 204);
    assert.equal(await statusOf(api, key), 401);
    const again = await send('DELETE', `/keys/${id}`);
    assert.deepEqual([again.status, (await body(again)).code], [404, 'KEY_UNKNOWN']);
  });

  it('ends with its days', async () => {
    const { key } = await make({ days: 1 });
    clock = new Date(clock.getTime() + 24 * 3600_000 - 1000);
    assert.equal(await statusOf(api, key), 200);
    clock = new Date(clock.getTime() + 1000);
    assert.equal(await statusOf(api, key), 401);
  });

  it('notes when it was used, to the minute', async () => {
    const { key } = await make();
    const lastUsed = async () => (await api.users.keys.list('ada'))[0]?.lastUsedAt;
    assert.equal(await lastUsed(), null);
    await statusOf(api, key);
    const first = clock.toISOString();
    clock = new Date(clock.getTime() + 59_000);
    await statusOf(api, key);
    assert.equal(await lastUsed(), first);
    clock = new Date(clock.getTime() + 2000);
    await statusOf(api, key);
    assert.equal(await lastUsed(), clock.toISOString());
  });

  it('is refused with another secret, another id, or in another form', async () => {
    const { id, key } = await make();
    const other = await make();
    for (const wrong of [
      `etq_${id}_${other.key.slice(-43)}`,
      `etq_${other.id}_${key.slice(-43)}`,
      key.slice(0, -1),
      `${key}A`,
      'etq_',
      `etq_${id}_`,
    ]) {
      assert.equal(await statusOf(api, wrong), 401, wrong);
    }
  });

  for (const [what, fields, code] of [
    ['no scope', { scopes: [] }, 'KEY_INVALID'],
    ['a scope that does not exist', { scopes: ['root'] }, 'FIELDS_INVALID'],
    ['no days', { days: 0 }, 'KEY_INVALID'],
    ['half a day', { days: 0.5 }, 'FIELDS_INVALID'],
    ['more than ten years', { days: 3651 }, 'KEY_INVALID'],
  ] as const) {
    it(`is not made with ${what}: 422 ${code}`, async () => {
      const answer = await send('POST', '/users/ada/keys', { ...KEY, ...fields });
      assert.deepEqual([answer.status, (await body(answer)).code], [422, code]);
    });
  }

  it('is not made for nobody, nor listed', async () => {
    for (const answer of [
      await send('POST', '/users/nobody/keys', KEY),
      await send('GET', '/users/nobody/keys'),
    ]) {
      assert.deepEqual([answer.status, (await body(answer)).code], [404, 'USER_UNKNOWN']);
    }
  });
});

describe('POST /token/revoke', () => {
  it('ends the token that the request carries, and no other', async () => {
    const api = await testApi();
    const [one, other] = [await api.token(), await api.token()];
    const revoke = () => sender(api, one)('POST', '/token/revoke');
    assert.equal((await revoke()).status, 204);
    assert.deepEqual([await statusOf(api, one), await statusOf(api, other)], [401, 200]);
    assert.equal((await revoke()).status, 401);
  });

  it('does not end API keys: those are an administrator’s', async () => {
    const api = await testApi();
    const { secret } = await api.users.keys.add({ ...KEY, scopes: ['read'], username: USERNAME });
    const answer = await sender(api, secret)('POST', '/token/revoke');
    assert.deepEqual([answer.status, (await body(answer)).code], [401, 'TOKEN_INVALID']);
    assert.equal(await statusOf(api, secret), 200);
  });

  it('forgets a token when its time is over anyway', async () => {
    let clock = new Date();
    const api = await testApi({ now: () => clock });
    const token = await api.token();
    await sender(api, token)('POST', '/token/revoke');
    clock = new Date(clock.getTime() + 31 * 60_000);
    await sender(api, await api.token())('POST', '/token/revoke');
    // Whatever is kept for it, the token stays invalid.
    assert.equal(await statusOf(api, token), 401);
  });
});
