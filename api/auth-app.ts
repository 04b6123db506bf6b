import type { Api, ApiDependencies } from './environment.ts';
import { createFrame, refuseOtherMethods } from './frame.ts';
import { metricsRoutes } from './routes/status.ts';
import { tokenRoutes, type Words } from './routes/token.ts';
import { createTokens } from './tokens.ts';

/** What the original's auth service answered. */
const WORDS: Words = {
  loginFailed: 'Incorrect username or password',
  tokenInvalid: 'Invalid token',
};

/** The routes about tokens by themselves, for those who deploy them apart: the same functions as in the API. */
export function createAuthApp(
  dependencies: Pick<ApiDependencies, 'config' | 'users' | 'metrics' | 'log' | 'now'>,
): Api {
  const { config, now } = dependencies;
  const app = createFrame(dependencies);
  const tokens = createTokens({
    key: config.SECRET_KEY,
    previousKey: config.SECRET_KEY_PREVIOUS,
    minutes: config.ACCESS_TOKEN_EXPIRE_MINUTES,
    now,
  });
  tokenRoutes(app, dependencies, tokens, WORDS);
  app.get('/health', (c) => c.json({ status: 'ok' }));
  metricsRoutes(app, dependencies);
  refuseOtherMethods(app);
  return app;
}
