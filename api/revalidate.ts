import type { MiddlewareHandler } from 'hono';
import { etag } from 'hono/etag';
import type { ApiEnvironment } from './environment.ts';

/**
 * For answers that change seldom: whoever kept one asks whether it is still the same, and gets 304 without a body
 * when it is. `private` is what depends on who asks.
 */
export function revalidated(kept: 'public' | 'private'): MiddlewareHandler<ApiEnvironment> {
  const tag = etag();
  return (c, next) =>
    tag(c, async () => {
      await next();
      if (c.res.ok) c.res.headers.set('Cache-Control', `${kept}, no-cache`);
    });
}
