import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import { CountedResponse } from './counted-response.ts';
import type { ApiEnvironment } from './environment.ts';
import type { Metrics } from './metrics.ts';
import { peerOf } from './peer.ts';

/**
 * Times every request, for its X-Process-Time header, its log line and the metrics. The log has the route's
 * template, never the URL: what clients put in there is theirs.
 */
export function observe(metrics: Metrics, log: Logger): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const start = performance.now();
    await next();
    const seconds = (performance.now() - start) / 1000;
    c.res.headers.set('X-Process-Time', String(seconds));
    const handler = template(c);
    const { method } = c.req;
    const { status } = c.res;
    metrics.request({
      handler,
      method,
      status,
      seconds,
      requestBytes: Number(c.req.header('content-length') ?? 0),
    });
    const outgoing = c.env?.outgoing;
    if (outgoing instanceof CountedResponse) {
      outgoing.once('close', () => metrics.response(handler, outgoing.bodyBytes));
    }
    log.info(
      {
        requestId: c.get('requestId'),
        predictionIds: c.get('predictionIds'),
        peer: peerOf(c),
        user: c.get('user')?.username,
        method,
        route: handler,
        status,
        ms: Math.round(seconds * 1e6) / 1000,
      },
      'request',
    );
  };
}

/** The template of the route that answered; `none` where there is no such route. */
export function template(c: Context<ApiEnvironment>): string {
  const path = routePath(c, -1);
  return path === '/*' ? 'none' : path;
}
