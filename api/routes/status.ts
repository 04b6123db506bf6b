import { createRoute, z } from '@hono/zod-openapi';
import { EtiquetteError } from '../../errors.ts';
import { type AuthenticationOptions, bearerToken, counted } from '../authentication.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { errorAnswer } from '../schemas.ts';
import { isSecret } from '../secrets.ts';

const status = createRoute({
  method: 'get',
  path: '/status',
  summary: 'Does it run, and with which bundle?',
  responses: {
    200: {
      description: 'It runs; `ready` says whether it can predict',
      content: {
        'application/json': {
          schema: z.object({
            message: z.literal('Model Serving via FastAPI is running !'),
            ready: z.boolean(),
            bundle: z.object({ version: z.string(), family: z.string(), since: z.iso.datetime() }).nullable(),
          }),
        },
      },
    },
    429: errorAnswer('Too many requests'),
  },
});

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'Metrics for Prometheus',
  responses: {
    200: { description: 'Prometheus text', content: { 'text/plain': { schema: z.string() } } },
    401: errorAnswer('METRICS_TOKEN is set, and was not sent'),
  },
});

export function statusRoutes(
  app: Api,
  { config, inference, stopping }: ApiDependencies,
  authentication: AuthenticationOptions,
): void {
  app.openAPIRegistry.registerPath(status);
  app.get(status.path, ...counted(authentication, config.STATUS_PER_MINUTE), (c) => {
    const bundle = inference.current();
    return c.json({
      // The original's words: its clients compare them.
      message: 'Model Serving via FastAPI is running !',
      ready: bundle !== null && !stopping.aborted,
      bundle: bundle && { version: bundle.version, family: bundle.family, since: bundle.since.toISOString() },
    });
  });
}

export interface MetricsDependencies extends Pick<ApiDependencies, 'metrics'> {
  readonly config: Pick<ApiDependencies['config'], 'METRICS_TOKEN'>;
}

export function metricsRoutes(app: Api, { config, metrics }: MetricsDependencies): void {
  app.openAPIRegistry.registerPath(metricsRoute);
  app.get(metricsRoute.path, async (c) => {
    const { METRICS_TOKEN } = config;
    if (METRICS_TOKEN !== undefined && !isSecret(bearerToken(c), METRICS_TOKEN)) {
      throw new EtiquetteError('METRICS_TOKEN_INVALID', 'Send METRICS_TOKEN as "Authorization: Bearer".');
    }
    const { registry } = metrics;
    return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
  });
}
