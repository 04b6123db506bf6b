import { OpenAPIHono } from '@hono/zod-openapi';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { EtiquetteError } from '../errors.ts';
import type { Api, ApiDependencies, ApiEnvironment } from './environment.ts';
import { answerError } from './errors.ts';
import { observe } from './observe.ts';
import { resolvePeer } from './peer.ts';

/** What stands around every route, in the API and in the stand-alone auth process: peer, id, log, headers, errors. */
export function createFrame({
  config,
  metrics,
  log,
}: Pick<ApiDependencies, 'metrics' | 'log'> & {
  readonly config: Pick<ApiDependencies['config'], 'TRUSTED_PROXIES'>;
}): Api {
  const app: Api = new OpenAPIHono<ApiEnvironment>();
  app.use(resolvePeer(config.TRUSTED_PROXIES));
  app.use(requestId({ headerName: 'X-Request-ID', limitLength: 100 }));
  app.use(observe(metrics, log));
  app.use(
    secureHeaders({
      // The page of /docs needs its own script and style, nothing from anywhere else.
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      xFrameOptions: 'DENY',
    }),
  );
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
