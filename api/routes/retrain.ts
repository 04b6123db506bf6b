import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { trainAndDeployInput } from '../../temporal/inputs.ts';
import { runPage } from '../../temporal/page.ts';
import type { Guard } from '../authentication.ts';
import type { Api, ApiDependencies, ApiEnvironment } from '../environment.ts';
import { fieldsInvalid } from '../errors.ts';
import { checked, parseJson } from '../json.ts';
import { bodyOfAtMost } from '../limits.ts';
import { errorAnswer, guardRefusals, secured } from '../schemas.ts';

const BODY_BYTES = 8 * 1024;
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * What a user may say about a training. Not where its catalogue is: the worker would read any folder of its own, or
 * fetch from any host inside its network. It is the operator's CATALOGUE_URL.
 */
const training = trainAndDeployInput
  .omit({ catalogue: true, corrections: true, split: true, shardSize: true, by: true })
  .openapi('Training');

const retrain = createRoute({
  method: 'post',
  path: '/retrain',
  summary: 'Start a training on the catalogue at CATALOGUE_URL; one goes on at a time',
  description:
    'With an `Idempotency-Key` the request can be sent again without a second training: the same key of the same user gives the run that it started first.',
  ...secured,
  request: {
    headers: z.object({
      'Idempotency-Key': z
        .string()
        .regex(KEY)
        .optional()
        .openapi({ description: 'Up to 255 visible characters; a new one for each training that is wanted' }),
    }),
    body: { content: { 'application/json': { schema: training } } },
  },
  responses: {
    202: {
      description: 'It is started, or was by an earlier request with this key',
      headers: z.object({
        Location: z.string().openapi({ description: 'Where it tells how far it is' }),
        'Idempotent-Replayed': z
          .literal('true')
          .optional()
          .openapi({ description: 'There when an earlier request with this key had started it' }),
      }),
      content: {
        'application/json': {
          schema: z.object({
            workflow_id: z.string().openapi({ example: 'train-and-deploy' }),
            run_id: z.uuid(),
            status_url: z.string(),
            temporal_ui: z.string().openapi({ description: "The run in Temporal's Web UI" }),
          }),
        },
      },
    },
    ...guardRefusals,
    409: errorAnswer('A training is under way; the message has its run id'),
    413: errorAnswer('Too large'),
    422: errorAnswer(
      'A field or hyperparameter is unknown or wrong, or the key came with another body before',
    ),
    503: errorAnswer('Temporal does not answer'),
  },
});

/** Trainings on demand. */
export function retrainRoutes(app: Api, { config, pipeline }: ApiDependencies, guard: Guard): void {
  app.openAPIRegistry.registerPath(retrain);
  app.post(
    retrain.path,
    ...guard('operate', config.STATUS_PER_MINUTE),
    bodyOfAtMost(BODY_BYTES),
    async (c) => {
      const key = keyOf(c);
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      const input = checked(training, bytes.length === 0 ? {} : parseJson(bytes));
      const by = c.get('user')?.username ?? '';
      const { workflowId, runId, replayed } = await pipeline.retrain({ input, by, key });
      const page = `/runs/${runId}`;
      c.header('Location', page);
      if (replayed) c.header('Idempotent-Replayed', 'true');
      const temporal_ui = runPage(config, workflowId, runId);
      return c.json({ workflow_id: workflowId, run_id: runId, status_url: page, temporal_ui }, 202);
    },
  );
}

function keyOf(c: Context<ApiEnvironment>): string | undefined {
  const key = c.req.header('Idempotency-Key');
  if (key === undefined || KEY.test(key)) return key;
  const msg = 'send 1 to 255 visible characters without blanks';
  throw fieldsInvalid([{ loc: ['header', 'Idempotency-Key'], msg, type: 'value_error' }]);
}
