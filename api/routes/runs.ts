import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { EtiquetteError } from '../../errors.ts';
import type { Guard } from '../authentication.ts';
import type { Api, ApiDependencies, ApiEnvironment } from '../environment.ts';
import { fieldsInvalid, missingField } from '../errors.ts';
import { bodyOfAtMost } from '../limits.ts';
import { errorAnswer } from '../schemas.ts';

const BODY_BYTES = 8 * 1024;

const reason = z.object({
  reason: z.string().min(1).max(1000).openapi({ example: 'looked at the confusions' }),
});
const because = { content: { 'application/json': { schema: reason } }, required: true };
const id = z.object({ id: z.string().openapi({ example: 'train-and-deploy' }) });
const anything = z.record(z.string(), z.unknown());
const answer = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
});
const refusals = {
  401: errorAnswer('No token, or not a valid one'),
  403: errorAnswer('A role without this right'),
  429: errorAnswer('Too many requests'),
  503: errorAnswer('Temporal does not answer'),
};
const secured = { security: [{ token: [] }] };

const progress = createRoute({
  method: 'get',
  path: '/runs/{id}',
  summary: 'How far a training run is, and whether it waits for a person',
  ...secured,
  request: { params: id },
  responses: {
    200: answer('Stage, fraction, epochs, shards, stages done, and `waiting`', anything),
    404: errorAnswer('No such run'),
    ...refusals,
  },
});

const decision = (kind: 'approve' | 'reject', summary: string) =>
  createRoute({
    method: 'post',
    path: `/runs/{id}/${kind}`,
    summary,
    ...secured,
    request: { params: id, body: because },
    responses: {
      200: answer('The bundle that it is about', z.object({ bundle: z.string(), decision: z.literal(kind) })),
      409: errorAnswer('The run does not wait for a decision'),
      422: errorAnswer('No reason, or too long a one'),
      ...refusals,
    },
  });

const rollback = createRoute({
  method: 'post',
  path: '/deployments/rollback',
  summary: 'Let the bundle serve again that served before',
  ...secured,
  request: { body: because },
  responses: {
    200: answer('Done', z.object({ version: z.string(), replaced: z.string().nullable() })),
    409: errorAnswer('Nothing served before, or another deployment is under way'),
    422: errorAnswer('No reason, or too long a one'),
    ...refusals,
  },
});

/** What a person decides about training runs and deployments; the history keeps the user's name. */
export function runRoutes(app: Api, { config, pipeline }: ApiDependencies, guard: Guard): void {
  const operators = guard('operate', config.STATUS_PER_MINUTE);
  const bounded = bodyOfAtMost(BODY_BYTES);

  app.openAPIRegistry.registerPath(progress);
  app.get('/runs/:id', ...guard('read', config.STATUS_PER_MINUTE), async (c) =>
    c.json(await pipeline.progress(c.req.param('id'))),
  );

  for (const [kind, summary] of [
    ['approve', 'Let the bundle serve that this run waits with'],
    ['reject', 'Keep the bundle from serving that this run waits with'],
  ] as const) {
    app.openAPIRegistry.registerPath(decision(kind, summary));
    app.post(`/runs/:id/${kind}`, ...operators, bounded, async (c) => {
      const { run } = await pipeline.decide(c.req.param('id'), kind, await decidedBy(c));
      return c.json({ bundle: run.bundle, decision: kind });
    });
  }

  app.openAPIRegistry.registerPath(rollback);
  app.post(rollback.path, ...operators, bounded, async (c) => {
    const { version, replaced } = await pipeline.deploy({ ...(await decidedBy(c)), rollback: true });
    return c.json({ version, replaced });
  });
}

/** The user of the token, and the reason of the body. */
async function decidedBy(c: Context<ApiEnvironment>): Promise<{ by: string; reason: string }> {
  const body: unknown = await c.req.json().catch((cause: unknown) => {
    throw new EtiquetteError('JSON_INVALID', 'Send JSON: {"reason": "..."}.', { cause });
  });
  const { success, data } = reason.safeParse(body);
  if (!success) throw fieldsInvalid([missingField('reason')]);
  return { by: c.get('user')?.username ?? '', ...data };
}
