import type { MiddlewareHandler } from 'hono';
import { rateLimiter } from 'hono-rate-limiter';
import { EtiquetteError } from '../errors.ts';
import type { ApiEnvironment } from './environment.ts';
import { peerOf } from './peer.ts';
import type { Role } from './roles.ts';
import { createWindows } from './windows.ts';

const MINUTE_MS = 60_000;
/** Counted at the same time on one route: some 2 MB. */
const KEYS = 10_000;

/**
 * So many requests a minute for each user, for each API key, or for each peer where neither is known. 0 is no limit, and there is none
 * for users of a trusted role. Every request counts, refused ones too: guessing passwords or tokens is what it is
 * there for. Each call counts by itself, in this process alone.
 */
export function perMinute(limit: number, trusted: readonly Role[] = []): MiddlewareHandler<ApiEnvironment> {
  if (limit === 0) return (_c, next) => next();
  return rateLimiter<ApiEnvironment>({
    windowMs: MINUTE_MS,
    limit,
    store: createWindows(MINUTE_MS, KEYS),
    skip: (c) => {
      const user = c.get('user');
      return user !== undefined && trusted.includes(user.role);
    },
    keyGenerator: (c) => {
      const user = c.get('user');
      if (user) return user.keyId === undefined ? `user ${user.username}` : `key ${user.keyId}`;
      return `peer ${peerOf(c)}`;
    },
    handler: () => {
      throw new EtiquetteError('RATE_LIMITED', 'Rate limit exceeded. Please try again later.', {
        retryable: true,
      });
    },
  });
}

/**
 * Refuses a larger body before it is read, or while it is read where its length is not announced. What arrives is
 * handed on as it comes.
 */
export function bodyOfAtMost(bytes: number): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const announced = c.req.header('content-length');
    if (Number(announced ?? 0) > bytes) throw tooLarge(bytes);
    if (announced !== undefined || c.req.raw.body === null) return next();

    let size = 0;
    const count = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > bytes) controller.error(tooLarge(bytes));
        else controller.enqueue(chunk);
      },
    });
    c.req.raw = new Request(c.req.raw, { body: c.req.raw.body.pipeThrough(count), duplex: 'half' });
    await next();
    // Whatever the handler made of a body that broke off.
    if (size > bytes) throw tooLarge(bytes);
  };
}

function tooLarge(bytes: number): EtiquetteError {
  return new EtiquetteError('BODY_TOO_LARGE', `The body is larger than ${bytes} bytes. Send less.`);
}

const TICK_MS = 250;
const SLOWEST = 64 * 1024;

/**
 * Answers 408 to a client that lets us wait for its body: longer than so many seconds, and one more for each 64 KiB
 * that came. Time in which the handler does not read is not the client's.
 */
export function bodyWithin(seconds: number): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const incoming = c.env?.incoming;
    if (!incoming || !hasBody(c.req.header())) return next();
    const before = incoming.socket.bytesRead;
    let waited = 0;
    let timer: NodeJS.Timeout | undefined;
    const tooSlow = new Promise<never>((_resolve, reject) => {
      timer = setInterval(() => {
        if (incoming.complete || incoming.readableLength > 0) return;
        waited += TICK_MS / 1000;
        if (waited > seconds + (incoming.socket.bytesRead - before) / SLOWEST) reject(timeout(seconds));
      }, TICK_MS);
    });
    try {
      // What the handler still does ends with the connection, which is closed after the answer.
      await Promise.race([next(), tooSlow]);
    } finally {
      clearInterval(timer);
    }
  };
}

function hasBody(headers: Record<string, string>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function timeout(seconds: number): EtiquetteError {
  return new EtiquetteError(
    'REQUEST_TIMEOUT',
    `The body did not arrive within ${seconds} s and a second for each 64 KiB. Send it faster, or a smaller picture.`,
    { retryable: true },
  );
}
