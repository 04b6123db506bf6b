import { generateKeyPairSync } from 'node:crypto';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { productForm } from '../../api/support.ts';
import { cases, type HostileCase, type Make, type Victim } from './case.ts';

/** Those of a token of ours. The user may be a moment old, and older tokens are not his: clocks may differ by a minute. */
const claimsOf = ({ username }: Victim): JWTPayload => {
  const now = Math.floor(Date.now() / 1000);
  return { sub: username, iat: now + 30, exp: now + 600, iss: 'etiquette', aud: 'etiquette-api', jti: 'x' };
};

const bytes = (text: string) => new TextEncoder().encode(text);
const key = ({ secretKey }: Victim) => bytes(secretKey);

const withHeader =
  (authorization: (victim: Victim) => string | Promise<string>): Make =>
  async (victim) => ({ body: await productForm(), headers: { Authorization: await authorization(victim) } });
const withToken = (token: (victim: Victim) => string | Promise<string>): Make =>
  withHeader(async (victim) => `Bearer ${await token(victim)}`);
/** Signed with the right key, but other claims; undefined leaves one out. */
const withClaims = (changed: (claims: JWTPayload) => JWTPayload): Make =>
  withToken((victim) => {
    const claims = claimsOf(victim);
    const given = Object.entries({ ...claims, ...changed(claims) }).filter(
      ([, value]) => value !== undefined,
    );
    return new SignJWT(Object.fromEntries(given)).setProtectedHeader({ alg: 'HS256' }).sign(key(victim));
  });
const without = (claim: string) => withClaims(() => ({ [claim]: undefined }));

export const TOKENS: readonly HostileCase[] = cases('token', [
  ['a token in the Authorization header alone', 200, null, withClaims(() => ({}))],
  ['no token', 401, 'TOKEN_MISSING', withHeader(() => '')],
  [
    'the token in the query string alone',
    401,
    'TOKEN_MISSING',
    async ({ token }) => ({
      path: `/predict?token=${token}`,
      body: await productForm(),
      headers: { Authorization: '' },
    }),
  ],
  ['a password in place of a token', 401, 'TOKEN_MISSING', withHeader(() => 'Basic YTpi')],
  ['a garbage token', 401, 'TOKEN_INVALID', withToken(() => 'garbage')],
  ['a token of 8 KB', 401, 'TOKEN_INVALID', withToken(() => 'a.b.'.repeat(2048))],
  ['three dots', 401, 'TOKEN_INVALID', withToken(() => '...')],
  ['an SQL injection for a token', 401, 'TOKEN_INVALID', withToken(() => "' OR 1=1 --")],
  [
    'a token of algorithm none',
    401,
    'TOKEN_INVALID',
    withToken((victim) => new UnsecuredJWT(claimsOf(victim)).encode()),
  ],
  [
    'a token of algorithm none that keeps its signature',
    401,
    'TOKEN_INVALID',
    withToken((victim) => `${new UnsecuredJWT(claimsOf(victim)).encode()}${victim.token.split('.')[2]}`),
  ],
  [
    'a token whose user was changed',
    401,
    'TOKEN_INVALID',
    withToken(({ token }) => {
      const [header, , signature] = token.split('.');
      const payload = Buffer.from(JSON.stringify({ sub: 'admin', exp: 4e9 })).toString('base64url');
      return [header, payload, signature].join('.');
    }),
  ],
  [
    'a token of HS512 with the right key',
    401,
    'TOKEN_INVALID',
    withToken((victim) =>
      new SignJWT(claimsOf(victim)).setProtectedHeader({ alg: 'HS512' }).sign(key(victim)),
    ),
  ],
  [
    'a token of RS256, signed with a key of the attacker',
    401,
    'TOKEN_INVALID',
    withToken((victim) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return new SignJWT(claimsOf(victim)).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
    }),
  ],
  [
    'a token that brings its own key',
    401,
    'TOKEN_INVALID',
    withToken((victim) => {
      const jwk = { kty: 'oct', k: Buffer.from('attacker').toString('base64url') };
      return new SignJWT(claimsOf(victim)).setProtectedHeader({ alg: 'HS256', jwk }).sign(bytes('attacker'));
    }),
  ],
  [
    'a token whose key is a file of the server',
    401,
    'TOKEN_INVALID',
    withToken((victim) =>
      new SignJWT(claimsOf(victim))
        .setProtectedHeader({ alg: 'HS256', kid: '../../dev/null' })
        .sign(bytes('\0')),
    ),
  ],
  [
    'a token of a key that was rotated out',
    401,
    'TOKEN_INVALID',
    withToken((victim) =>
      new SignJWT(claimsOf(victim))
        .setProtectedHeader({ alg: 'HS256' })
        .sign(bytes(`${victim.secretKey} of last year`)),
    ),
  ],
  [
    'an expired token',
    401,
    'TOKEN_INVALID',
    withClaims(({ iat = 0 }) => ({ iat: iat - 600, exp: iat - 90 })),
  ],
  ['a token that never expires', 401, 'TOKEN_INVALID', without('exp')],
  ['a token that expires at a word', 401, 'TOKEN_INVALID', withClaims(() => ({ exp: 'never' as never }))],
  [
    'a token of tomorrow',
    401,
    'TOKEN_INVALID',
    withClaims(({ iat = 0 }) => ({ iat: iat + 86_400, exp: iat + 90_000 })),
  ],
  ['a token without a time of issue', 401, 'TOKEN_INVALID', without('iat')],
  ['a token without an id', 401, 'TOKEN_INVALID', without('jti')],
  ['a token without a user', 401, 'TOKEN_INVALID', without('sub')],
  ['a token of an unknown user', 401, 'TOKEN_INVALID', withClaims(() => ({ sub: 'nobody' }))],
  ['a token for another audience', 401, 'TOKEN_INVALID', withClaims(() => ({ aud: 'another-api' }))],
  ['a token without an audience', 401, 'TOKEN_INVALID', without('aud')],
  ['a token of another issuer', 401, 'TOKEN_INVALID', withClaims(() => ({ iss: 'another' }))],
]);
