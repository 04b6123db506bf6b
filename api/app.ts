import { createAsk } from './answering.ts';
import { type AuthenticationOptions, createGuard } from './authentication.ts';
import { watchDeployments } from './deployment-metrics.ts';
import type { Api, ApiDependencies } from './environment.ts';
import { createFrame, refuseOtherMethods } from './frame.ts';
import { createIntake } from './intake.ts';
import { productBytes } from './product-json.ts';
import { batchRoutes } from './routes/batch.ts';
import { correctionRoutes } from './routes/corrections.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { documentationRoutes } from './routes/documentation.ts';
import { driftRoutes } from './routes/drift.ts';
import { explainRoutes } from './routes/explain.ts';
import { historyRoutes } from './routes/history.ts';
import { keyRoutes } from './routes/keys.ts';
import { predictRoutes } from './routes/predict.ts';
import { retrainRoutes } from './routes/retrain.ts';
import { runRoutes } from './routes/runs.ts';
import { metricsRoutes, statusRoutes } from './routes/status.ts';
import { tokenRoutes } from './routes/token.ts';
import { userRoutes } from './routes/users.ts';
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
  const { config, inference, users, metrics, now } = dependencies;
  const authentication: AuthenticationOptions = {
    tokens: createTokens({
      key: config.SECRET_KEY,
      previousKey: config.SECRET_KEY_PREVIOUS,
      minutes: config.ACCESS_TOKEN_EXPIRE_MINUTES,
      now,
    }),
    users,
    allowQueryToken: config.ALLOW_QUERY_TOKEN,
    trustedRoles: config.TRUSTED_ROLES,
  };
  const guard = createGuard(authentication);
  metrics.watch(inference);
  watchDeployments(metrics.registry, dependencies);

  const app = createFrame(dependencies);
  tokenRoutes(app, dependencies, authentication.tokens);
  const predicting = {
    guard,
    intake: createIntake(HELD_BODIES * productBytes(config.MAX_PICTURE_BYTES)),
    ask: createAsk(dependencies),
  };
  predictRoutes(app, dependencies, predicting);
  batchRoutes(app, dependencies, predicting);
  v2Routes(app, dependencies, predicting);
  explainRoutes(app, dependencies, predicting);
  correctionRoutes(app, dependencies, predicting);
  statusRoutes(app, dependencies, authentication);
  metricsRoutes(app, dependencies);
  historyRoutes(app, dependencies, guard);
  retrainRoutes(app, dependencies, guard);
  runRoutes(app, dependencies, guard);
  driftRoutes(app, dependencies, guard);
  userRoutes(app, dependencies, guard);
  keyRoutes(app, dependencies, guard);
  deploymentRoutes(app, dependencies);
  documentationRoutes(app, config.RELEASE);
  refuseOtherMethods(app);
  return app;
}
