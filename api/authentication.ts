import type { Context, MiddlewareHandler } from 'hono';
import { EtiquetteError } from '../errors.ts';
import type { ApiEnvironment } from './environment.ts';
import { perMinute } from './limits.ts';
import type { Role, Scope } from './roles.ts';
import type { Tokens } from './tokens.ts';
import { looksLikeKey } from './users/keys.ts';
import type { User } from './users/user.ts';
import type { Users } from './users/users.ts';

export interface AuthenticationOptions {
  readonly tokens: Tokens;
  readonly users: Users;
  /** Accept `?token=` too, as the original's clients send it. Query strings end up in logs of proxies. */
  readonly allowQueryToken: boolean;
  /** Whose requests are not counted. */
  readonly trustedRoles: readonly Role[];
}

/**
 * Sets `user` when the request carries a valid token or API key. It refuses nobody, so that a rate limit can stand
 * between it and `requireUser` and count the tries of those who have no valid token.
 */
function identify(options: AuthenticationOptions): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const presented = presentedToken(c, options.allowQueryToken);
    const user = presented === undefined ? null : await userOf(presented, options);
    if (user) c.set('user', user);
    await next();
  };
}

async function userOf(
  presented: string,
  { tokens, users }: Pick<AuthenticationOptions, 'tokens' | 'users'>,
): Promise<User | null> {
  if (looksLikeKey(presented)) return users.keys.identify(presented);
  const claims = await tokens.verify(presented);
  return claims && users.ofToken(claims);
}

/** @throws EtiquetteError TOKEN_MISSING or TOKEN_INVALID */
export function requireUser(
  c: Context<ApiEnvironment>,
  allowQueryToken: boolean,
  invalid = 'Invalid or expired token',
): User {
  const user = c.get('user');
  if (user) return user;
  if (presentedToken(c, allowQueryToken) !== undefined) {
    throw new EtiquetteError('TOKEN_INVALID', invalid);
  }
  throw new EtiquetteError(
    'TOKEN_MISSING',
    'Not authenticated: get a token from POST /token and send it as "Authorization: Bearer TOKEN".',
  );
}

/** Counts by user where one is known, and refuses nobody for lack of one. */
export function counted(
  options: AuthenticationOptions,
  limit: number,
): [MiddlewareHandler<ApiEnvironment>, MiddlewareHandler<ApiEnvironment>] {
  return [identify(options), perMinute(limit, options.trustedRoles)];
}

/**
 * Guards a route that is for users only: they need the scope, and may ask so many times a minute. Those without a
 * valid token are counted too. One call is one count: routes that share its result share the limit.
 */
export type Guard = (
  scope: Scope,
  limit: number,
) => [
  MiddlewareHandler<ApiEnvironment>,
  MiddlewareHandler<ApiEnvironment>,
  MiddlewareHandler<ApiEnvironment>,
];

/** @throws EtiquetteError TOKEN_MISSING, TOKEN_INVALID, RATE_LIMITED or FORBIDDEN, in each request */
export function createGuard(options: AuthenticationOptions): Guard {
  return (scope, limit) => [
    ...counted(options, limit),
    (c, next) => {
      const { role, scopes } = requireUser(c, options.allowQueryToken);
      if (!scopes.includes(scope)) {
        throw new EtiquetteError(
          'FORBIDDEN',
          `This takes the scope "${scope}"; a ${role}'s token or key has here: ${scopes.join(', ') || 'none'}. Ask an administrator.`,
        );
      }
      return next();
    },
  ];
}

/** The token of the Authorization header; undefined when there is none. */
export function bearerToken(c: Context<ApiEnvironment>): string | undefined {
  return c.req.header('authorization')?.match(/^Bearer +(.+)$/i)?.[1];
}

function presentedToken(c: Context<ApiEnvironment>, allowQueryToken: boolean): string | undefined {
  return bearerToken(c) ?? c.req.header('x-api-key') ?? (allowQueryToken ? c.req.query('token') : undefined);
}
