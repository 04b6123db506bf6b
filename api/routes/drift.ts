import { createRoute, z } from '@hono/zod-openapi';
import { EtiquetteError } from '../../errors.ts';
import type { WatchDriftResult } from '../../temporal/contracts.ts';
import type { Guard } from '../authentication.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { errorAnswer, guardRefusals, secured } from '../schemas.ts';

const levels = z.enum(['ok', 'warn', 'alert', 'retrain']);
const share = z.object({ value: z.number(), low: z.number(), high: z.number() });
const words = z.object({ en: z.string(), fr: z.string() });

const check = z.object({
  at: z.iso.datetime(),
  bundle: z.string().nullable().openapi({ description: 'The champion' }),
  since: z.iso.datetime().nullable().openapi({ description: 'Its deployment; earlier answers do not count' }),
  level: levels.nullable().openapi({ description: 'null: nothing could be judged, `reason` says why' }),
  before: levels.nullable().openapi({ description: 'Of the check before, where it was of this bundle' }),
  reason: z.string(),
  report: z
    .looseObject({
      window: z.object({
        from: z.iso.datetime().nullable(),
        to: z.iso.datetime().nullable(),
        predictions: z.number().int(),
      }),
      statistics: z.array(
        z.looseObject({
          feature: z.string().openapi({ example: 'language' }),
          value: z.number(),
          threshold: z.object({ warn: z.number(), alert: z.number() }),
          size: z.number(),
          level: levels,
          inWords: words,
        }),
      ),
      heldOutAccuracy: z.number().nullable(),
      estimatedAccuracy: share.nullable(),
      measuredAccuracy: share.extend({ n: z.number().int() }).nullable(),
      advice: z.array(words),
    })
    .nullable()
    .openapi({ description: 'As report.json has it; docs/drift.md explains it' }),
  retraining: z
    .object({
      run: z.object({ workflow_id: z.string(), run_id: z.string() }).nullable(),
      reason: z.string(),
    })
    .nullable()
    .openapi({ description: 'The training for it, or why there is none; null: it was not worth one' }),
});

const last = createRoute({
  method: 'get',
  path: '/drift',
  summary: 'Whether the stream of products is still what the champion was trained on: the last check',
  ...secured,
  responses: {
    200: {
      description: 'The newest check that is done; one runs every hour, and with `npm run drift`',
      content: { 'application/json': { schema: check } },
    },
    ...guardRefusals,
    404: errorAnswer('No check was made, or none that Temporal still knows'),
    503: errorAnswer('Temporal does not answer'),
  },
});

export function driftRoutes(app: Api, { config, pipeline }: ApiDependencies, guard: Guard): void {
  app.openAPIRegistry.registerPath(last);
  app.get(last.path, ...guard('operate', config.STATUS_PER_MINUTE), async (c) => {
    const found = await pipeline.drift();
    if (found) return c.json(asJson(found));
    const message = 'No check of the stream is known: npm run drift makes one.';
    throw new EtiquetteError('DRIFT_UNKNOWN', message);
  });
}

/** Without the folder: it is on another host. */
function asJson({ directory: _, retraining, ...known }: WatchDriftResult) {
  if (retraining === null) return { ...known, retraining };
  const { run, reason } = retraining;
  return {
    ...known,
    retraining: { run: run && { workflow_id: run.workflowId, run_id: run.runId }, reason },
  };
}
