import { OpenAPIHono } from '@hono/zod-openapi';
import { requestId } from 'hono/request-id';
import { EtiquetteError } from '../errors.ts';
import type { Api, ApiDependencies, ApiEnvironment } from './environment.ts';
import { answerError } from './errors.ts';
import { allowOrigins, headersOfEveryAnswer } from './headers.ts';
import { bodyWithin } from './limits.ts';
import { observe } from './observe.ts';
import { resolvePeer } from './peer.ts';
import { traceRequests } from './trace-requests.ts';

/** What stands around every route, in the API and in the stand-alone auth process: peer, id, log, headers, slow bodies, errors. */
export function createFrame({
  config,
  metrics,
  log,
}: Pick<ApiDependencies, 'metrics' | 'log'> & {
  readonly config: Pick<ApiDependencies['config'], 'TRUSTED_PROXIES' | 'CORS_ORIGINS' | 'CLIENT_SECONDS'>;
}): Api {
  const app: Api = new OpenAPIHono<ApiEnvironment>();
  app.use(resolvePeer(config.TRUSTED_PROXIES));
  app.use(requestId({ headerName: 'X-Request-ID', limitLength: 100 }));
  app.use(traceRequests());
  app.use(observe(metrics, log));
  app.use(headersOfEveryAnswer());
  if (config.CORS_ORIGINS.length > 0) app.use(allowOrigins(config.CORS_ORIGINS));
  app.use(bodyWithin(config.CLIENT_SECONDS));
  app.onError((error, c) => answerError(error, c, log));
  app.notFound((c) => answerError(new EtiquetteError('NOT_FOUND', 'Not Found'), c, log));
  return app;
}

/** Every path that exists answers the methods it does not have with 405 and those it has. */
export function refuseOtherMethods(app: Api): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue;
    const known = methods.get(path) ?? new Set();
    known.add(method);
    if (method === 'GET') known.add('HEAD');
    methods.set(path, known);
  }
  for (const [path, known] of methods) {
    const allow = [...known].join(', ');
    app.all(path, () => {
      throw new EtiquetteError('METHOD_NOT_ALLOWED', 'Method Not Allowed', { details: { allow } });
    });
  }
}
