import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import { decodeProtectedHeader, SignJWT } from 'jose';
import { createTokens } from '../../api/tokens.ts';

const NOW = new Date('2025-06-23T12:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const KEY = 'the key that signs today';
const OLD = 'the key that signed before';
const EPOCH = new Date(0);

const tokensOf = (key: string, previousKey?: string, now = NOW) =>
  createTokens({ key, previousKey, minutes: 30, now: () => now });

describe('a change of SECRET_KEY', () => {
  it('leaves tokens of the key before valid while SECRET_KEY_PREVIOUS names it', async () => {
    const token = await tokensOf(OLD).issue('ada', EPOCH);
    assert.equal((await tokensOf(KEY, OLD).verify(token))?.username, 'ada');
    assert.equal(await tokensOf(KEY).verify(token), null);
  });

  it('lets only the new key sign', async () => {
    const token = await tokensOf(KEY, OLD).issue('ada', EPOCH);
    assert.equal((await tokensOf(KEY).verify(token))?.username, 'ada');
    assert.equal(await tokensOf(OLD).verify(token), null);
  });

  it('is seen in the token’s header, which names its key without telling it', async () => {
    const kid = async (key: string) => decodeProtectedHeader(await tokensOf(key).issue('ada', EPOCH)).kid;
    assert.match(String(await kid(KEY)), /^[0-9a-f]{8}$/);
    assert.notEqual(await kid(KEY), await kid(OLD));
  });
});

describe('a token', () => {
  const claims = {
    ...{ sub: 'ada', jti: '1', iss: 'etiquette', aud: 'etiquette-api' },
    ...{ iat: SECONDS, exp: SECONDS + 600 },
  };
  const sign = (changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}, key = KEY) =>
    new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: 'HS256', ...header })
      .sign(new TextEncoder().encode(key));
  const verify = (token: string) => tokensOf(KEY, OLD).verify(token);

  it('of another program that shares SECRET_KEY is valid without a key id', async () => {
    assert.deepEqual(await verify(await sign()), {
      ...{ username: 'ada', jti: '1', issuedAt: SECONDS, expiresAt: SECONDS + 600 },
    });
  });

  it('may come from a clock that is a minute ahead', async () => {
    assert.ok(await verify(await sign({ iat: SECONDS + 60, nbf: SECONDS + 60 })));
  });

  const refused: ReadonlyArray<[string, () => Promise<string>]> = [
    ['with an unknown key id', () => sign({}, { kid: '00000000' })],
    ['with a key id that is no text', () => sign({}, { kid: 5 })],
    ['of the previous key without a key id', () => sign({}, {}, OLD)],
    ['issued more than a minute from now', () => sign({ iat: SECONDS + 61 })],
    ['not valid before more than a minute from now', () => sign({ nbf: SECONDS + 62 })],
    ['that is expired by a second: the leeway is not for that', () => sign({ exp: SECONDS - 1 })],
    ['that expires now', () => sign({ exp: SECONDS })],
    ['without exp', () => sign({ exp: undefined })],
    ['without iat', () => sign({ iat: undefined })],
    ['without jti', () => sign({ jti: undefined })],
    ['without sub', () => sign({ sub: undefined })],
    ['whose user is no text', () => sign({ sub: 5 })],
    ['whose id is no text', () => sign({ jti: { a: 1 } })],
    ['for another audience', () => sign({ aud: 'another' })],
    ['of another issuer', () => sign({ iss: 'another' })],
    ['signed with HS384', () => sign({}, { alg: 'HS384' })],
    [
      'that says none and carries a good HS256 signature',
      async () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const content = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}`;
        return `${content}.${createHmac('sha256', KEY).update(content).digest('base64url')}`;
      },
    ],
  ];
  for (const [what, make] of refused) {
    it(`is refused ${what}`, async () => assert.equal(await verify(await make()), null));
  }

  it('is dated no earlier than the user’s tokens may be', async () => {
    const from = new Date(NOW.getTime() + 700);
    const issued = await tokensOf(KEY, undefined, new Date(NOW.getTime() + 300)).issue('ada', from);
    assert.equal((await verify(issued))?.issuedAt, SECONDS);
    const later = new Date((SECONDS + 1) * 1000);
    assert.equal((await verify(await tokensOf(KEY).issue('ada', later)))?.issuedAt, SECONDS + 1);
  });
});
