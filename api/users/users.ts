import { randomUUID } from 'node:crypto';
import type { Database, Tables } from '../database/schema.ts';
import { SCOPES_OF } from '../roles.ts';
import type { TokenClaims } from '../tokens.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { createKeys, type Keys } from './keys.ts';
import { createLockout } from './lockout.ts';
import { bounded, hashPassword, isOutdated, verifyPassword } from './passwords.ts';
import { normalName, type User } from './user.ts';

/** Everything about users that the API asks. */
export interface Users {
  readonly accounts: Accounts;
  readonly keys: Keys;
  /**
   * The user whose password this is, and the moment before which no token of the user may be dated; null for any
   * other. Takes as long for a name that nobody has.
   * @param peer where the login comes from; failures count for it too
   * @throws EtiquetteError LOGIN_BUSY when too many logins are being checked, LOGIN_LOCKED after too many failures
   */
  authenticate(
    username: string,
    password: string,
    peer: string,
  ): Promise<{ readonly user: User; readonly tokensFrom: Date } | null>;
  /** The user of a verified token, unless it was revoked or the user may not come in any more: one indexed query. */
  ofToken(token: TokenClaims): Promise<User | null>;
  /** Ends a token before its time. */
  revoke(token: TokenClaims): Promise<void>;
}

/** The last that is written with a year of four digits, so that it sorts. */
const LAST_DATE = Date.UTC(9999, 11, 31);

export function createUsers(database: Database, now: () => Date): Users {
  const keys = createKeys(database, now);
  const lockout = createLockout(database, now);
  const check = bounded();
  let nobody: Promise<string> | undefined;
  const find = (username: string) =>
    database.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst();

  return {
    accounts: createAccounts(database, now),
    keys,
    authenticate: (name, password, peer) =>
      // The lock is looked at when it is this login's turn: many at once would else all come before the first failure.
      check(async () => {
        const username = normalName(name);
        await lockout.check(username, peer);
        const row = await find(username);
        // Of the same parameters as a user's, so that both take the same time.
        nobody ??= hashPassword(randomUUID());
        const right = await verifyPassword(row?.password_hash ?? (await nobody), password);
        if (!row || !right || row.disabled !== 0) {
          await lockout.failed(username, peer);
          return null;
        }
        await lockout.succeeded(username, peer);
        await renew(database, row, password);
        return { user: userOf(row), tokensFrom: new Date(row.tokens_valid_after) };
      }),
    async ofToken({ username, jti, issuedAt }) {
      const row = await database
        .selectFrom('users')
        .leftJoin('revoked_tokens', (join) => join.on('jti', '=', jti))
        .select(['username', 'full_name', 'role', 'disabled', 'tokens_valid_after', 'jti'])
        .where('username', '=', username)
        .executeTakeFirst();
      const valid =
        row !== undefined &&
        row.disabled === 0 &&
        row.jti === null &&
        issuedAt * 1000 >= Date.parse(row.tokens_valid_after);
      return valid ? userOf(row) : null;
    },
    async revoke({ jti, expiresAt }) {
      await database.deleteFrom('revoked_tokens').where('expires_at', '<', now().toISOString()).execute();
      await database
        .insertInto('revoked_tokens')
        .values({ jti, expires_at: new Date(Math.min(expiresAt * 1000, LAST_DATE)).toISOString() })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  };
}

/** A password that is known to be right can be hashed with today's parameters. */
async function renew(database: Database, row: Tables['users'], password: string): Promise<void> {
  if (!isOutdated(row.password_hash)) return;
  await database
    .updateTable('users')
    .set({ password_hash: await hashPassword(password) })
    .where('username', '=', row.username)
    .where('password_hash', '=', row.password_hash)
    .execute();
}

function userOf(row: Pick<Tables['users'], 'username' | 'full_name' | 'role'>): User {
  return {
    username: row.username,
    fullName: row.full_name,
    role: row.role,
    scopes: SCOPES_OF[row.role],
  };
}
