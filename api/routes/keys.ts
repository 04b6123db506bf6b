import { createRoute, z } from '@hono/zod-openapi';
import { audit } from '../audit.ts';
import type { Guard } from '../authentication.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { bytesOf, checked, parseJson } from '../json.ts';
import { SCOPES } from '../roles.ts';
import { errorAnswer, guardRefusals, secured } from '../schemas.ts';
import { type Key, MAX_DAYS } from '../users/keys.ts';
import { FULL_NAME_LENGTH } from '../users/user.ts';

const BODY_BYTES = 8 * 1024;

const scopes = z.array(z.enum(SCOPES)).max(SCOPES.length);
const newKey = z.strictObject({
  name: z.string().openapi({ minLength: 1, maxLength: FULL_NAME_LENGTH, example: 'nightly import' }),
  scopes: scopes.openapi({ minItems: 1 }),
  days: z
    .int()
    .openapi({ description: 'How long it is good for', minimum: 1, maximum: MAX_DAYS, example: 90 }),
});
const key = z
  .object({
    id: z.string(),
    username: z.string(),
    name: z.string(),
    scopes,
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable().openapi({ description: 'To the minute' }),
  })
  .openapi('Key');
const madeKey = key.extend({ key: z.string().openapi({ description: 'Shown this once' }) });

const json = <S extends z.ZodType>(schema: S) => ({ content: { 'application/json': { schema } } });
const owner = z.object({ username: z.string() });
const refusals = { ...guardRefusals, 403: errorAnswer('Not an administrator') };

const list = createRoute({
  method: 'get',
  path: '/users/{username}/keys',
  summary: 'The API keys of a user, without their secrets',
  ...secured,
  request: { params: owner },
  responses: {
    200: { description: 'Oldest first', ...json(z.object({ keys: z.array(key) })) },
    404: errorAnswer('No such user'),
    ...refusals,
  },
});
const add = createRoute({
  method: 'post',
  path: '/users/{username}/keys',
  summary: 'Make an API key for a user: at most what the user may do',
  ...secured,
  request: { params: owner, body: { required: true, ...json(newKey) } },
  responses: {
    201: { description: 'Made', ...json(madeKey) },
    404: errorAnswer('No such user'),
    413: errorAnswer('Too large'),
    422: errorAnswer('A field is missing or wrong'),
    ...refusals,
  },
});
const revoke = createRoute({
  method: 'delete',
  path: '/keys/{id}',
  summary: 'Revoke an API key',
  ...secured,
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: 'Revoked' }, 404: errorAnswer('No such key'), ...refusals },
});

/** API keys, for administrators. */
export function keyRoutes(app: Api, { config, users, log }: ApiDependencies, guard: Guard): void {
  const administrators = guard('admin', config.TOKEN_PER_MINUTE);
  const { keys } = users;
  for (const route of [list, add, revoke]) app.openAPIRegistry.registerPath(route);

  app.get('/users/:username/keys', ...administrators, async (c) =>
    c.json({ keys: (await keys.list(c.req.param('username'))).map(shown) }),
  );

  app.post('/users/:username/keys', ...administrators, async (c) => {
    const asked = checked(newKey, parseJson(await bytesOf(c.req.raw, BODY_BYTES)));
    const { secret, ...made } = await keys.add({ username: c.req.param('username'), ...asked });
    audit(log, c, 'key.add', { key: made.id, username: made.username, scopes: made.scopes });
    c.header('Cache-Control', 'no-store');
    return c.json({ ...shown(made), key: secret }, 201);
  });

  app.delete('/keys/:id', ...administrators, async (c) => {
    const { id, username } = await keys.revoke(c.req.param('id'));
    audit(log, c, 'key.revoke', { key: id, username });
    return c.body(null, 204);
  });
}

function shown(one: Key): z.output<typeof key> {
  return {
    id: one.id,
    username: one.username,
    name: one.name,
    scopes: [...one.scopes],
    created_at: one.createdAt,
    expires_at: one.expiresAt,
    last_used_at: one.lastUsedAt,
  };
}
