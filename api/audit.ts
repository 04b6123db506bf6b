import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { ApiEnvironment } from './environment.ts';

/** One log line for what somebody changed about users, keys and corrections: who and what, never a secret. */
export function audit(
  log: Logger,
  c: Context<ApiEnvironment>,
  action: string,
  what: Readonly<Record<string, unknown>>,
): void {
  log.info({ audit: action, by: c.get('user')?.username, ...what, requestId: c.get('requestId') }, 'audit');
}
