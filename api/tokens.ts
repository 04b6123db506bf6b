import { jwtVerify, SignJWT } from 'jose';

export interface Tokens {
  issue(username: string): Promise<string>;
  /** The username of a valid token; null for every other text. */
  verify(token: string): Promise<string | null>;
}

const ISSUER = 'etiquette';
const AUDIENCE = 'etiquette-api';

/**
 * JWTs (HS256) as the original's, with more claims. Verifying pins the algorithm and demands an expiry: a
 * token that names `none`, or that never ends, is not valid whoever signed it.
 */
export function createTokens(secret: string, minutes: number, now: () => Date): Tokens {
  const key = new TextEncoder().encode(secret);
  return {
    issue(username) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      return new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(username)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + minutes * 60)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setJti(crypto.randomUUID())
        .sign(key);
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'exp', 'iat', 'jti'],
          currentDate: now(),
        });
        return payload.sub ?? null;
      } catch {
        return null;
      }
    },
  };
}
