import { createRoute, z } from '@hono/zod-openapi';
import { EtiquetteError } from '../../errors.ts';
import { audit } from '../audit.ts';
import { bearerToken, counted, requireUser } from '../authentication.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { fieldsInvalid, missingField } from '../errors.ts';
import { readForm, URLENCODED_OR_MULTIPART } from '../form.ts';
import { bodyOfAtMost, perMinute } from '../limits.ts';
import { peerOf } from '../peer.ts';
import type { FieldProblem } from '../refusal.ts';
import { errorAnswer } from '../schemas.ts';
import type { Tokens } from '../tokens.ts';
import { PASSWORD_BYTES } from '../users/passwords.ts';

const BODY_BYTES = 16 * 1024;

const form = z.object({
  username: z.string().min(1),
  password: z.string().min(1).openapi({ format: 'password' }),
  grant_type: z.literal('password').optional(),
});

const issue = createRoute({
  method: 'post',
  path: '/token',
  summary: 'Exchange a name and a password for a token',
  request: {
    body: {
      required: true,
      content: {
        'application/x-www-form-urlencoded': { schema: form },
        'multipart/form-data': { schema: form },
      },
    },
  },
  responses: {
    200: {
      description: 'A token for "Authorization: Bearer"',
      content: {
        'application/json': {
          schema: z.object({ access_token: z.string(), token_type: z.literal('bearer') }),
        },
      },
    },
    401: errorAnswer('Wrong name or password'),
    413: errorAnswer('Too large'),
    415: errorAnswer('Not a form'),
    422: errorAnswer('A field is missing or wrong'),
    429: errorAnswer('Too many tries'),
    503: errorAnswer('Too many logins at once'),
  },
});

const verify = createRoute({
  method: 'get',
  path: '/verify-token',
  summary: 'Whose token is this?',
  security: [{ token: [] }],
  responses: {
    200: {
      description: 'The user of a valid token',
      content: { 'application/json': { schema: z.object({ username: z.string(), full_name: z.string() }) } },
    },
    401: errorAnswer('No token, or not a valid one'),
    429: errorAnswer('Too many requests'),
  },
});

const revoke = createRoute({
  method: 'post',
  path: '/token/revoke',
  summary: 'End the token that the request carries before its time',
  security: [{ token: [] }],
  responses: {
    204: { description: 'It is not valid any more' },
    401: errorAnswer('No token, or not a valid one'),
    429: errorAnswer('Too many requests'),
  },
});

/** What clients of the original compare: its two services said it in different words. */
export interface Words {
  readonly loginFailed: string;
  readonly tokenInvalid: string;
}
const SERVING: Words = {
  loginFailed: 'Invalid username or password',
  tokenInvalid: 'Invalid or expired token',
};

export interface TokenDependencies extends Pick<ApiDependencies, 'users' | 'log'> {
  readonly config: Pick<
    ApiDependencies['config'],
    'TOKEN_PER_MINUTE' | 'ALLOW_QUERY_TOKEN' | 'TRUSTED_ROLES'
  >;
}

/** How one comes to a token, asks whose it is, and gives it back. */
export function tokenRoutes(
  app: Api,
  { config, users, log }: TokenDependencies,
  tokens: Tokens,
  words: Words = SERVING,
): void {
  app.openAPIRegistry.registerPath(issue);
  app.post(issue.path, perMinute(config.TOKEN_PER_MINUTE), bodyOfAtMost(BODY_BYTES), async (c) => {
    const { username, password } = await readCredentials(c.req.raw);
    const login = await users.authenticate(username, password, peerOf(c));
    if (!login) throw new EtiquetteError('LOGIN_FAILED', words.loginFailed);
    const { user, tokensFrom } = login;
    c.set('user', user);
    c.header('Cache-Control', 'no-store');
    return c.json({ access_token: await tokens.issue(user.username, tokensFrom), token_type: 'bearer' });
  });

  const allowQueryToken = config.ALLOW_QUERY_TOKEN;
  app.openAPIRegistry.registerPath(verify);
  const authentication = { tokens, users, allowQueryToken, trustedRoles: config.TRUSTED_ROLES };
  app.get(verify.path, ...counted(authentication, config.TOKEN_PER_MINUTE), (c) => {
    const { username, fullName } = requireUser(c, allowQueryToken, words.tokenInvalid);
    return c.json({ username, full_name: fullName });
  });

  app.openAPIRegistry.registerPath(revoke);
  const inHeader = { ...authentication, allowQueryToken: false };
  app.post(revoke.path, ...counted(inHeader, config.TOKEN_PER_MINUTE), async (c) => {
    const { username } = requireUser(c, false, words.tokenInvalid);
    const claims = await tokens.verify(bearerToken(c) ?? '');
    if (!claims) {
      throw new EtiquetteError(
        'TOKEN_INVALID',
        'An API key is revoked by an administrator: DELETE /keys/{id}.',
      );
    }
    await users.revoke(claims);
    audit(log, c, 'token.revoke', { username });
    return c.body(null, 204);
  });
}

async function readCredentials(request: Request): Promise<{ username: string; password: string }> {
  const { fields } = await readForm(request, {
    accept: URLENCODED_OR_MULTIPART,
    fieldBytes: PASSWORD_BYTES,
    fileBytes: 0,
  });
  const username = fields.get('username') ?? '';
  const password = fields.get('password') ?? '';
  const problems: FieldProblem[] = [];
  if (username === '') problems.push(missingField('username'));
  if (password === '') problems.push(missingField('password'));
  if (!['', 'password'].includes(fields.get('grant_type') ?? '')) {
    problems.push({
      loc: ['body', 'grant_type'],
      msg: 'string does not match regex "password"',
      type: 'value_error.str.regex',
    });
  }
  if (problems.length > 0) throw fieldsInvalid(problems);
  return { username, password };
}
