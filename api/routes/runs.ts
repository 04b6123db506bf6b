import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ASKED_STATUSES } from '../../temporal/contracts.ts';
import type { Run } from '../../temporal/runs.ts';
import type { Guard } from '../authentication.ts';
import type { Api, ApiDependencies, ApiEnvironment } from '../environment.ts';
import { checked, parseJson } from '../json.ts';
import { bodyOfAtMost } from '../limits.ts';
import { errorAnswer, guardRefusals, jsonAnswer, secured } from '../schemas.ts';

const BODY_BYTES = 8 * 1024;

const reason = z.strictObject({
  reason: z.string().min(1).max(1000).regex(/\S/, 'say why').openapi({ example: 'looked at the confusions' }),
});
const because = { content: { 'application/json': { schema: reason } }, required: true };
const id = z.object({
  id: z.string().min(1).max(255).openapi({
    example: 'train-and-deploy',
    description: 'A run id, or a workflow id: then its newest run',
  }),
});
const refusals = { ...guardRefusals, 503: errorAnswer('Temporal does not answer') };

const run = z.object({
  workflow_id: z.string().openapi({ example: 'train-and-deploy' }),
  run_id: z.uuid(),
  status: z.string().openapi({ description: 'running, or how it ended', example: 'running' }),
  started: z.iso.datetime(),
  closed: z.iso.datetime().nullable(),
  family: z.string().nullable(),
  outcome: z.string().nullable().openapi({ example: 'deployed' }),
  bundle: z.string().nullable(),
  dataset: z.string().nullable(),
  by: z.string().nullable().openapi({ description: 'Who asked for it' }),
});
const asked = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  status: z.enum(ASKED_STATUSES).optional(),
  cursor: z.string().max(2000).optional().openapi({ description: '`next` of the page before' }),
});

const list = createRoute({
  method: 'get',
  path: '/runs',
  summary: 'Training runs: those that go on, then the others, last closed first',
  ...secured,
  request: { query: asked },
  responses: {
    200: jsonAnswer(
      '`next` is null on the last page',
      z.object({ runs: z.array(run), next: z.string().nullable() }),
    ),
    422: errorAnswer('A parameter is wrong, or the cursor is none'),
    ...refusals,
  },
});

const show = createRoute({
  method: 'get',
  path: '/runs/{id}',
  summary: 'How far a training run is, whether it waits for a person, or how it ended',
  ...secured,
  request: { params: id },
  responses: {
    200: jsonAnswer(
      'Beside these, while a worker answers: stage, fraction, epochs, shards, stages done, and `waiting`',
      run.extend({ reason: z.string().nullable() }).catchall(z.unknown()),
    ),
    404: errorAnswer('No such training run'),
    ...refusals,
  },
});

const stop = createRoute({
  method: 'post',
  path: '/runs/{id}/cancel',
  summary: 'Stop a training run; what it has done is reused by the next',
  ...secured,
  request: { params: id, body: because },
  responses: {
    202: jsonAnswer('It is asked to stop', run),
    404: errorAnswer('No such training run'),
    409: errorAnswer('It has ended'),
    422: errorAnswer('No reason, or too long a one'),
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
      200: jsonAnswer(
        'The bundle that it is about',
        z.object({ bundle: z.string(), decision: z.literal(kind) }),
      ),
      404: errorAnswer('No such training run'),
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
    200: jsonAnswer('Done', z.object({ version: z.string(), replaced: z.string().nullable() })),
    409: errorAnswer('Nothing served before, or another deployment is under way'),
    422: errorAnswer('No reason, or too long a one'),
    ...refusals,
  },
});

/** What a person decides about training runs and deployments; the history keeps the user's name. */
export function runRoutes(app: Api, { config, pipeline }: ApiDependencies, guard: Guard): void {
  const operators = guard('operate', config.STATUS_PER_MINUTE);
  const bounded = bodyOfAtMost(BODY_BYTES);

  const readers = guard('read', config.STATUS_PER_MINUTE);

  app.openAPIRegistry.registerPath(list);
  app.get(list.path, ...readers, async (c) => {
    const { runs, next } = await pipeline.list(checked(asked, c.req.query(), 'query'));
    return c.json({ runs: runs.map(asJson), next });
  });

  app.openAPIRegistry.registerPath(show);
  app.get('/runs/:id', ...readers, async (c) => {
    const { progress, reason, ...shown } = await pipeline.show(c.req.param('id'));
    return c.json({ ...asJson(shown), reason, ...progress });
  });

  app.openAPIRegistry.registerPath(stop);
  app.post('/runs/:id/cancel', ...operators, bounded, async (c) =>
    c.json(asJson(await pipeline.cancel(c.req.param('id'), await decidedBy(c))), 202),
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
  const body = checked(reason, parseJson(new Uint8Array(await c.req.arrayBuffer())));
  return { by: c.get('user')?.username ?? '', ...body };
}

function asJson({ workflowId, runId, request: _, ...known }: Run): z.input<typeof run> {
  return { workflow_id: workflowId, run_id: runId, ...known };
}
