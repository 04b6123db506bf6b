import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { rateLimiter } from 'hono-rate-limiter';
import { EtiquetteError } from '../errors.ts';
import type { ApiEnvironment } from './environment.ts';
import { peerOf } from './peer.ts';

/**
 * So many requests a minute for each user, or for each peer address where no user is known. 0 is no limit.
 * Every request counts, refused ones too: guessing passwords or tokens is what it is there for. Addresses in
 * X-Forwarded-For are not looked at: any client can write them.
 */
export function perMinute(limit: number): MiddlewareHandler<ApiEnvironment> {
  if (limit === 0) return (_c, next) => next();
  return rateLimiter<ApiEnvironment>({
    windowMs: 60_000,
    limit,
    keyGenerator: (c) => {
      const user = c.get('user');
      return user ? `user ${user.username}` : `peer ${peerOf(c)}`;
    },
    handler: () => {
      throw new EtiquetteError('RATE_LIMITED', 'Rate limit exceeded. Please try again later.', {
        retryable: true,
      });
    },
  });
}

/** Refuses a larger body before it is read, or while it is read where its length is not announced. */
export function bodyOfAtMost(bytes: number): MiddlewareHandler<ApiEnvironment> {
  return bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new EtiquetteError('BODY_TOO_LARGE', `The body is larger than ${bytes} bytes. Send less.`);
    },
  });
}
