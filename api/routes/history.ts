import { createRoute, z } from '@hono/zod-openapi';
import { services } from '../../models/bundle/deployments.ts';
import type { Guard } from '../authentication.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { revalidated } from '../revalidate.ts';
import { errorAnswer, guardRefusals, secured } from '../schemas.ts';

const version = z.string().openapi({ example: '5f3c0a9b1d2e4f60' });
const service = z.object({
  version,
  from: z.iso.datetime(),
  to: z.iso.datetime().nullable().openapi({ description: 'null: it serves still' }),
  by: z.string(),
  reason: z.string(),
  kind: z.enum(['deployment', 'rollback']),
  before: version.nullable(),
  after: version.nullable(),
});

const deployments = createRoute({
  method: 'get',
  path: '/deployments',
  summary: 'Which bundle served when, who or what put it there, and why; oldest first',
  ...secured,
  responses: {
    200: {
      description: 'Stretches of time without gaps',
      content: {
        'application/json': {
          schema: z.object({ champion: version.nullable(), deployments: z.array(service) }),
        },
      },
    },
    ...guardRefusals,
  },
});

const anything = z.record(z.string(), z.unknown());
const lineage = createRoute({
  method: 'get',
  path: '/lineage/{id}',
  summary: 'What an id came from and what came of it',
  description:
    'The id of a prediction, the version of a bundle, a dataset or a batch prediction, or the run id of Temporal or MLflow. docs/lineage.md lists every field.',
  ...secured,
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: {
      description: 'Predictions, bundles, runs, datasets, their versions in DVC and their time in service',
      content: {
        'application/json': {
          schema: z.object({
            id: z.string(),
            kind: z.enum(['prediction', 'bundle', 'dataset', 'batch', 'run', 'mlflow']),
            prediction: anything.nullable(),
            bundles: z.array(
              z.object({
                version,
                stored: z.boolean(),
                made: anything.nullable(),
                predictions: z.object({
                  count: z.number().int(),
                  first: z.iso.datetime().nullable(),
                  last: z.iso.datetime().nullable(),
                }),
                served: z.array(service),
                kept: anything.nullable(),
                batches: z.array(version),
              }),
            ),
            runs: z.array(anything),
            datasets: z.array(anything),
          }),
        },
      },
    },
    404: errorAnswer('Nothing is known of this id'),
    ...guardRefusals,
  },
});

/** Who served when, and where everything came from. For users, as often as /status. */
export function historyRoutes(
  app: Api,
  { config, trace, deployments: history }: ApiDependencies,
  guard: Guard,
): void {
  app.openAPIRegistry.registerPath(deployments);
  app.get(deployments.path, ...guard('read', config.STATUS_PER_MINUTE), revalidated('private'), async (c) => {
    const stretches = services(await history());
    return c.json({ champion: stretches.at(-1)?.version ?? null, deployments: stretches });
  });

  app.openAPIRegistry.registerPath(lineage);
  app.get('/lineage/:id', ...guard('read', config.STATUS_PER_MINUTE), revalidated('private'), async (c) =>
    c.json(await trace(c.req.param('id'))),
  );
}
