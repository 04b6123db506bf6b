import { createRoute, z } from '@hono/zod-openapi';
import { audit } from '../audit.ts';
import type { Guard } from '../authentication.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { bytesOf, checked, parseJson } from '../json.ts';
import { ROLES } from '../roles.ts';
import { errorAnswer, guardRefusals, secured } from '../schemas.ts';
import type { Account } from '../users/accounts.ts';
import { PASSWORD_BYTES, PASSWORD_LENGTH } from '../users/passwords.ts';
import { FULL_NAME_LENGTH, NAME_LENGTH } from '../users/user.ts';

const BODY_BYTES = 8 * 1024;

const role = z.enum(ROLES);
const password = z.string().openapi({
  format: 'password',
  minLength: PASSWORD_LENGTH,
  maxLength: PASSWORD_BYTES,
  description: `${PASSWORD_BYTES} bytes in UTF-8 at most`,
});
const shownName = z.string().openapi({ minLength: 1, maxLength: FULL_NAME_LENGTH, example: 'Ada Lovelace' });
const newUser = z.strictObject({
  username: z.string().openapi({ minLength: 1, maxLength: NAME_LENGTH, example: 'ada' }),
  full_name: shownName.optional(),
  role,
  password,
});
const change = z
  .strictObject({ full_name: shownName, role, disabled: z.boolean(), password })
  .partial()
  .openapi({ description: "Every change but that of full_name ends the user's tokens" });
const user = z
  .object({
    username: z.string(),
    full_name: z.string(),
    role,
    disabled: z.boolean(),
    created_at: z.iso.datetime(),
    changed_at: z.iso.datetime(),
  })
  .openapi('User');

const json = <S extends z.ZodType>(schema: S) => ({ content: { 'application/json': { schema } } });
const path = z.object({ username: z.string() });
const refusals = { ...guardRefusals, 403: errorAnswer('Not an administrator') };

const list = createRoute({
  method: 'get',
  path: '/users',
  summary: 'Every user',
  ...secured,
  responses: { 200: { description: 'By name', ...json(z.object({ users: z.array(user) })) }, ...refusals },
});
const add = createRoute({
  method: 'post',
  path: '/users',
  summary: 'Add a user',
  ...secured,
  request: { body: { required: true, ...json(newUser) } },
  responses: {
    201: { description: 'Added', ...json(user) },
    409: errorAnswer('The name is taken'),
    413: errorAnswer('Too large'),
    422: errorAnswer('A field is missing or wrong'),
    ...refusals,
  },
});
const edit = createRoute({
  method: 'patch',
  path: '/users/{username}',
  summary: 'Change name, role or password of a user, disable or enable',
  ...secured,
  request: { params: path, body: { required: true, ...json(change) } },
  responses: {
    200: { description: 'Changed', ...json(user) },
    404: errorAnswer('No such user'),
    413: errorAnswer('Too large'),
    422: errorAnswer('A field is wrong'),
    ...refusals,
  },
});
const remove = createRoute({
  method: 'delete',
  path: '/users/{username}',
  summary: 'Remove a user, with all API keys',
  ...secured,
  request: { params: path },
  responses: { 204: { description: 'Removed' }, 404: errorAnswer('No such user'), ...refusals },
});

/** Users, for administrators. The first of them is made by a command: `npm run users`. */
export function userRoutes(app: Api, { config, users, log }: ApiDependencies, guard: Guard): void {
  const administrators = guard('admin', config.TOKEN_PER_MINUTE);
  const { accounts } = users;
  for (const route of [list, add, edit, remove]) app.openAPIRegistry.registerPath(route);

  app.get('/users', ...administrators, async (c) => c.json({ users: (await accounts.list()).map(shown) }));

  app.post('/users', ...administrators, async (c) => {
    const asked = checked(newUser, parseJson(await bytesOf(c.req.raw, BODY_BYTES)));
    const added = await accounts.add({ ...asked, fullName: asked.full_name });
    audit(log, c, 'user.add', { username: added.username, role: added.role });
    return c.json(shown(added), 201);
  });

  app.patch('/users/:username', ...administrators, async (c) => {
    const asked = checked(change, parseJson(await bytesOf(c.req.raw, BODY_BYTES)));
    const { full_name: fullName, password: secret, ...open } = asked;
    const changed = await accounts.change(c.req.param('username'), { ...open, fullName, password: secret });
    audit(log, c, 'user.change', { username: changed.username, ...open, fields: Object.keys(asked) });
    return c.json(shown(changed));
  });

  app.delete('/users/:username', ...administrators, async (c) => {
    const username = c.req.param('username');
    await accounts.remove(username);
    audit(log, c, 'user.remove', { username });
    return c.body(null, 204);
  });
}

function shown({ username, fullName, role, disabled, createdAt, changedAt }: Account): z.output<typeof user> {
  return { username, full_name: fullName, role, disabled, created_at: createdAt, changed_at: changedAt };
}
