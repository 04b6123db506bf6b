import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import type { ApiEnvironment } from './environment.ts';

const YEAR_SECONDS = 365 * 24 * 3600;

/** The page of /docs needs its own script and style, nothing from anywhere else. */
const PAGE = {
  defaultSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};
/** An answer is data: shown in a browser it may do nothing. */
const DATA = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** What tells browsers to do no more with an answer than it is for, and everybody to keep none. */
export function headersOfEveryAnswer(): MiddlewareHandler<ApiEnvironment> {
  const [page, data] = [PAGE, DATA].map((contentSecurityPolicy) =>
    secureHeaders({
      contentSecurityPolicy,
      xFrameOptions: 'DENY',
      permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
      // Below: it would lock people out of an API without TLS.
      strictTransportSecurity: false,
    }),
  ) as [MiddlewareHandler, MiddlewareHandler];
  return async (c, next) => {
    await (c.req.path.startsWith('/docs') ? page : data)(c, next);
    const { headers } = c.res;
    if (c.get('https')) headers.set('Strict-Transport-Security', `max-age=${YEAR_SECONDS}`);
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
  };
}

/** Lets pages of these origins call the API from a browser, with the token in a header: there are no cookies. */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<ApiEnvironment> {
  const answer = cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: [
      'Accept',
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-None-Match',
      'X-API-Key',
      'X-Request-ID',
    ],
    exposeHeaders: [
      'ETag',
      'Location',
      'RateLimit-Limit',
      'RateLimit-Policy',
      'RateLimit-Remaining',
      'RateLimit-Reset',
      'Retry-After',
      'X-Process-Time',
      'X-Request-ID',
    ],
    maxAge: 600,
  });
  return (c, next) => {
    const origin = c.req.header('origin');
    if (origin !== undefined && origins.includes(origin)) return answer(c, next);
    c.header('Vary', 'Origin', { append: true });
    return next();
  };
}
