import { strict as assert } from 'node:assert';
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { body, credentials, PASSWORD, type TestApi, testApi, USERNAME } from './support.ts';

const KEY = new TextEncoder().encode('a secret of the tests');

describe('POST /token', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi();
  });
  const post = (form: string | URLSearchParams | FormData, headers: Record<string, string> = {}) =>
    api.app.request('/token', { method: 'POST', body: form, headers });

  it('gives a bearer token for an urlencoded form', async () => {
    const answer = await post(credentials());
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const { access_token, token_type, ...rest } = await body(answer);
    assert.equal(token_type, 'bearer');
    assert.deepEqual(rest, {});
    const claims = decodeJwt(String(access_token));
    assert.equal(claims.sub, USERNAME);
    assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 1800);
    assert.deepEqual([claims.iss, claims.aud], ['etiquette', 'etiquette-api']);
    assert.match(String(claims.jti), /^[0-9a-f-]{36}$/);
  });

  it('gives one for a multipart form, with grant_type empty or password', async () => {
    for (const grant of ['', 'password']) {
      const form = new FormData();
      for (const [name, value] of credentials({ grant_type: grant })) form.set(name, value);
      assert.equal((await post(form)).status, 200);
    }
  });

  it('refuses a wrong password and an unknown user with the same words', async () => {
    for (const wrong of [{ password: 'wrong' }, { username: 'nobody' }, { password: `${PASSWORD} ` }]) {
      const answer = await post(credentials(wrong));
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assert.deepEqual(await body(answer), { detail: 'Invalid username or password', code: 'LOGIN_FAILED' });
    }
  });

  it('takes as long for an unknown user as for a known one', async () => {
    const { app } = await testApi();
    const times: Record<string, number[]> = { [USERNAME]: [], nobody: [] };
    // One more would be locked out. In turns: what else the machine does meets both.
    for (let login = 0; login < 5; login += 1) {
      for (const [username, own] of Object.entries(times)) {
        const start = performance.now();
        const wrong = credentials({ password: 'wrong', username });
        const { status } = await app.request('/token', { method: 'POST', body: wrong });
        own.push(performance.now() - start);
        assert.equal(status, 401);
      }
    }
    const [known, unknown] = Object.values(times).map((own) => own.sort((a, b) => a - b)[2] ?? 0) as [
      number,
      number,
    ];
    // Without the hash the answer would come in a tenth of the time.
    assert.ok(unknown > known / 3, `unknown ${unknown} ms, known ${known} ms`);
  });

  it('answers 429 LOGIN_LOCKED with Retry-After after five failures, in the body’s words too', async () => {
    const { app } = await testApi();
    const logIn = (fields: Record<string, string>) =>
      app.request('/token', { method: 'POST', body: credentials(fields) });
    for (let time = 0; time < 5; time += 1) assert.equal((await logIn({ password: 'wrong' })).status, 401);
    const answer = await logIn({});
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '1']);
    const { code, message } = await body(answer);
    assert.deepEqual([code, message], ['LOGIN_LOCKED', 'Too many failed logins. Try again in 1 s.']);
  });

  it('names every missing or empty field in the shape that the original used', async () => {
    const answer = await post(new URLSearchParams({ username: '' }));
    assert.equal(answer.status, 422);
    assert.deepEqual(await body(answer), {
      detail: [
        { loc: ['body', 'username'], msg: 'field required', type: 'value_error.missing' },
        { loc: ['body', 'password'], msg: 'field required', type: 'value_error.missing' },
      ],
      code: 'FIELDS_INVALID',
    });
  });

  const refused: ReadonlyArray<[string, string | URLSearchParams, Record<string, string>, number, string]> = [
    ['another grant type', credentials({ grant_type: 'refresh_token' }), {}, 422, 'FIELDS_INVALID'],
    ['JSON', '{"username":"a"}', { 'Content-Type': 'application/json' }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    [
      'a password of 2,000 characters',
      credentials({ password: 'x'.repeat(2000) }),
      {},
      413,
      'FIELD_TOO_LARGE',
    ],
    ['a body of 1 MB', credentials({ password: 'x'.repeat(1e6) }), {}, 413, 'BODY_TOO_LARGE'],
  ];
  for (const [what, form, headers, status, code] of refused) {
    it(`refuses ${what} with ${status} ${code}`, async () => {
      const answer = await post(form, headers);
      assert.deepEqual([answer.status, (await body(answer)).code], [status, code]);
    });
  }

  it('checks many logins at once within its bound, and answers those above it LOGIN_BUSY', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, async () => post(credentials())));
    const busy = answers.filter(({ status }) => status === 503);
    assert.equal(answers.filter(({ status }) => status === 200).length + busy.length, 60);
    assert.ok(busy.length > 0);
    assert.equal(busy[0]?.headers.get('retry-after'), '1');
  });
});

describe('GET /verify-token', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi();
  });
  const verify = (token: string) =>
    api.app.request('/verify-token', { headers: { Authorization: `Bearer ${token}` } });

  it('says whose token it is', async () => {
    const answer = await verify(await api.token());
    assert.deepEqual(await body(answer), { username: USERNAME, full_name: 'Data Engineer' });
  });

  it('answers 401 TOKEN_MISSING without a token, or with one in the query string', async () => {
    for (const path of ['/verify-token', `/verify-token?token=${await api.token()}`]) {
      const answer = await api.app.request(path);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assert.equal((await body(answer)).code, 'TOKEN_MISSING');
    }
  });

  it('takes a token from the query string where that is allowed', async () => {
    const lenient = await testApi({ config: { ALLOW_QUERY_TOKEN: true } });
    const token = await lenient.token();
    assert.equal((await lenient.app.request(`/verify-token?token=${token}`)).status, 200);
    assert.equal(JSON.stringify(lenient.logged).includes(token), false);
  });

  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: USERNAME,
    iat: now,
    exp: now + 600,
    iss: 'etiquette',
    aud: 'etiquette-api',
    jti: '1',
  };
  const sign = (payload: Record<string, unknown>, alg = 'HS256', key = KEY) =>
    new SignJWT(payload).setProtectedHeader({ alg }).sign(key);

  it('accepts a token made with exactly those claims (so that the refusals below have one reason each)', async () => {
    assert.equal((await verify(await sign(claims))).status, 200);
  });

  const { exp: _exp, ...noExpiry } = claims;
  const { jti: _jti, ...noId } = claims;
  const invalid: ReadonlyArray<[string, () => string | Promise<string>]> = [
    ['garbage', () => 'garbage'],
    ['of another key', () => sign(claims, 'HS256', new TextEncoder().encode('another key, just as long'))],
    ['of another algorithm of the same key', () => sign(claims, 'HS512')],
    ['that names the algorithm none', () => new UnsecuredJWT(claims).encode()],
    ['that is expired', () => sign({ ...claims, exp: now - 1 })],
    ['that never expires', () => sign(noExpiry)],
    ['of another audience', () => sign({ ...claims, aud: 'another' })],
    ['of another issuer', () => sign({ ...claims, iss: 'another' })],
    ['without an id', () => sign(noId)],
    ['of an unknown user', () => sign({ ...claims, sub: 'nobody' })],
    [
      'with a changed payload',
      async () => (await sign(claims)).replace(/\.[^.]+\./, '.eyJzdWIiOiJyb290In0.'),
    ],
  ];
  for (const [what, make] of invalid) {
    it(`refuses a token ${what} with 401 TOKEN_INVALID`, async () => {
      const answer = await verify(await make());
      assert.deepEqual(
        [answer.status, await body(answer)],
        [401, { detail: 'Invalid or expired token', code: 'TOKEN_INVALID' }],
      );
    });
  }

  it('refuses a token when its time is over', async () => {
    let clock = new Date();
    const later = await testApi({ now: () => clock });
    const token = await later.token();
    const status = async () =>
      (await later.app.request('/verify-token', { headers: { Authorization: `Bearer ${token}` } })).status;
    assert.equal(await status(), 200);
    clock = new Date(clock.getTime() + 30 * 60_000 + 1000);
    assert.equal(await status(), 401);
  });
});
