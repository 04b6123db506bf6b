import { OpenAPIHono } from '@hono/zod-openapi';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { EtiquetteError } from '../errors.ts';
import { createAsk } from './answering.ts';
import { createGuard } from './authentication.ts';
import { watchDeployments } from './deployment-metrics.ts';
import type { Api, ApiDependencies, ApiEnvironment } from './environment.ts';
import { answerError } from './errors.ts';
import { createIntake } from './intake.ts';
import { observe } from './observe.ts';
import { resolvePeer } from './peer.ts';
import { productBytes } from './product-json.ts';
import { batchRoutes } from './routes/batch.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { documentationRoutes } from './routes/documentation.ts';
import { explainRoutes } from './routes/explain.ts';
import { historyRoutes } from './routes/history.ts';
import { predictRoutes } from './routes/predict.ts';
import { retrainRoutes } from './routes/retrain.ts';
import { runRoutes } from './routes/runs.ts';
import { statusRoutes } from './routes/status.ts';
import { tokenRoutes } from './routes/token.ts';
import { v2Routes } from './routes/v2.ts';
import { createTokens } from './tokens.ts';

/** The largest bodies that may be in memory together; of usual ones it is hundreds. */
const HELD_BODIES = 8;

/**
 * The HTTP API. It opens no port and reads no environment.
 * @example
 * const app = createApp({ config, inference, users, metrics, log, now: () => new Date() });
 * await (await app.request('/status')).json(); // { message: 'Model Serving via FastAPI is running !', ... }
 */
export function createApp(dependencies: ApiDependencies): Api {
  const { config, inference, users, metrics, log, now } = dependencies;
  const app: Api = new OpenAPIHono<ApiEnvironment>();
  const tokens = createTokens({
    key: config.SECRET_KEY,
    previousKey: config.SECRET_KEY_PREVIOUS,
    minutes: config.ACCESS_TOKEN_EXPIRE_MINUTES,
    now,
  });
  const guard = createGuard({ tokens, users, allowQueryToken: config.ALLOW_QUERY_TOKEN });
  metrics.watch(inference);
  watchDeployments(metrics.registry, dependencies);

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

  tokenRoutes(app, dependencies, tokens);
  const predicting = {
    guard,
    intake: createIntake(HELD_BODIES * productBytes(config.MAX_PICTURE_BYTES)),
    ask: createAsk(dependencies),
  };
  predictRoutes(app, dependencies, predicting);
  batchRoutes(app, dependencies, predicting);
  v2Routes(app, dependencies, predicting);
  explainRoutes(app, dependencies, predicting);
  statusRoutes(app, dependencies);
  historyRoutes(app, dependencies, guard);
  retrainRoutes(app, dependencies, guard);
  runRoutes(app, dependencies, guard);
  deploymentRoutes(app, dependencies);
  documentationRoutes(app, config.RELEASE);
  refuseOtherMethods(app);
  return app;
}

/** Every path that exists answers the methods it does not have with 405 and those it has. */
function refuseOtherMethods(app: Api): void {
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
