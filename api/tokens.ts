import { createHash, createSecretKey } from 'node:crypto';
import { type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose';

/** What a valid token says. */
export interface TokenClaims {
  readonly username: string;
  readonly jti: string;
  /** Seconds since 1970, as in the token. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface Tokens {
  /** @param from the token is dated then at the earliest, though it lie in the next second */
  issue(username: string, from: Date): Promise<string>;
  /** null for every text that is no valid token. Whether it was revoked is not known here. */
  verify(token: string): Promise<TokenClaims | null>;
}

export interface TokenOptions {
  /** Signs. */
  readonly key: string;
  /** The key before: tokens that it signed are good until they expire. */
  readonly previousKey: string | undefined;
  readonly minutes: number;
  readonly now: () => Date;
}

const ISSUER = 'etiquette';
const AUDIENCE = 'etiquette-api';
/** How far the clocks of two machines may be apart. */
const LEEWAY_SECONDS = 60;

/**
 * JWTs (HS256) as the original's, with more claims. Verifying pins the algorithm and demands an expiry: a
 * token that names `none`, or that never ends, is not valid whoever signed it.
 */
export function createTokens({ key, previousKey, minutes, now }: TokenOptions): Tokens {
  const keys = new Map(
    [previousKey, key].filter((one) => one !== undefined).map((one) => [keyId(one), secretOf(one)]),
  );
  const [signs, id] = [secretOf(key), keyId(key)];
  const keyOf = ({ kid }: JWTHeaderParameters) => {
    // Tokens of other programs that share SECRET_KEY may not name it.
    const found = kid === undefined ? signs : keys.get(kid);
    if (!found) throw new Error('unknown key');
    return found;
  };
  return {
    issue(username, from) {
      const issuedAt = Math.floor(Math.max(now().getTime(), from.getTime()) / 1000);
      return new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: id })
        .setSubject(username)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + minutes * 60)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setJti(crypto.randomUUID())
        .sign(signs);
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keyOf, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'exp', 'iat', 'jti'],
          clockTolerance: LEEWAY_SECONDS,
          currentDate: now(),
        });
        const { sub, jti, iat = 0, exp = 0 } = payload;
        const seconds = now().getTime() / 1000;
        // The leeway is for tokens from a clock that is ahead; none lives longer for it.
        if (typeof sub !== 'string' || typeof jti !== 'string') return null;
        if (exp <= seconds || iat > seconds + LEEWAY_SECONDS) return null;
        return { username: sub, jti, issuedAt: iat, expiresAt: exp };
      } catch {
        return null;
      }
    },
  };
}

/** Names a key without telling it. */
function keyId(key: string): string {
  return createHash('sha256').update('kid ').update(key).digest('hex').slice(0, 8);
}

/** As an object, for which jose prepares the key once and not for each token. */
function secretOf(key: string) {
  return createSecretKey(key, 'utf8');
}
