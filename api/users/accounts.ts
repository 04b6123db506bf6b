import { EtiquetteError } from '../../errors.ts';
import type { Database, Tables } from '../database/schema.ts';
import type { Role } from '../roles.ts';
import { checkPassword, hashPassword } from './passwords.ts';
import { checkFullName, checkUsername, normalName } from './user.ts';

/** A user as administrators see it. Times are ISO 8601. */
export interface Account {
  readonly username: string;
  readonly fullName: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly createdAt: string;
  readonly changedAt: string;
}

export interface NewAccount {
  readonly username: string;
  readonly fullName?: string | undefined;
  readonly role: Role;
  readonly password: string;
}

/** What may change; what is undefined stays. */
export interface AccountChange {
  readonly fullName?: string | undefined;
  readonly role?: Role | undefined;
  readonly disabled?: boolean | undefined;
  readonly password?: string | undefined;
}

/** What administrators do with users. Each function throws USER_UNKNOWN for a name that nobody has. */
export interface Accounts {
  /** In the order of their names. */
  list(): Promise<Account[]>;
  /** @throws EtiquetteError USER_EXISTS, USER_INVALID or PASSWORD_UNFIT */
  add(account: NewAccount): Promise<Account>;
  /**
   * Every change but that of the full name ends the user's tokens.
   * @throws EtiquetteError USER_INVALID or PASSWORD_UNFIT
   */
  change(username: string, change: AccountChange): Promise<Account>;
  /** Ends the tokens that the user has; API keys go on. */
  signOut(username: string): Promise<void>;
  /** With the user's API keys. */
  remove(username: string): Promise<void>;
}

export function createAccounts(database: Database, now: () => Date): Accounts {
  const change = async (username: string, values: Partial<Tables['users']>) => {
    const changed = await database
      .updateTable('users')
      .set({ ...values, changed_at: now().toISOString() })
      .where('username', '=', normalName(username))
      .returningAll()
      .executeTakeFirst();
    if (!changed) throw unknown(username);
    return accountOf(changed);
  };
  return {
    async list() {
      const users = await database.selectFrom('users').selectAll().execute();
      // Here, since databases sort by other alphabets.
      return users.map(accountOf).sort((a, b) => (a.username < b.username ? -1 : 1));
    },
    async add({ username, fullName, role, password }) {
      const name = checkUsername(username);
      const row = await newUser({ name, fullName: fullName ?? name, role }, checkPassword(password), now());
      const added = await database
        .insertInto('users')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (!added) throw new EtiquetteError('USER_EXISTS', `There is a user "${name}" already.`);
      return accountOf(added);
    },
    async change(username, { fullName, role, disabled, password }) {
      const values: Partial<Tables['users']> = {};
      if (fullName !== undefined) values.full_name = checkFullName(fullName);
      if (role !== undefined) values.role = role;
      if (disabled !== undefined) values.disabled = Number(disabled);
      if (password !== undefined) values.password_hash = await hashPassword(checkPassword(password));
      const ends = role !== undefined || disabled !== undefined || password !== undefined;
      return change(username, { ...values, ...(ends ? await endTokens(database, username, now()) : {}) });
    },
    async signOut(username) {
      await change(username, await endTokens(database, username, now()));
    },
    async remove(username) {
      const name = normalName(username);
      await database.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('api_keys').where('username', '=', name).execute();
        const { numDeletedRows } = await transaction
          .deleteFrom('users')
          .where('username', '=', name)
          .executeTakeFirst();
        if (numDeletedRows === 0n) throw unknown(username);
      });
    },
  };
}

export async function newUser(
  { name, fullName, role }: { name: string; fullName: string; role: Role },
  password: string,
  at: Date,
): Promise<Tables['users']> {
  return {
    username: name,
    full_name: checkFullName(fullName),
    role,
    password_hash: await hashPassword(password),
    disabled: 0,
    created_at: at.toISOString(),
    changed_at: at.toISOString(),
    // Tokens of a user of the same name who was removed are not this one's.
    tokens_valid_after: afterNow(at),
    environment_hash: null,
  };
}

/**
 * What ends a user's tokens, those too that were dated into the next second.
 * @throws EtiquetteError USER_UNKNOWN
 */
export async function endTokens(
  database: Database,
  username: string,
  now: Date,
): Promise<Pick<Tables['users'], 'tokens_valid_after'>> {
  const user = await database
    .selectFrom('users')
    .select('tokens_valid_after')
    .where('username', '=', normalName(username))
    .executeTakeFirst();
  if (!user) throw unknown(username);
  const next = afterNow(new Date(user.tokens_valid_after));
  const soon = afterNow(now);
  return { tokens_valid_after: next > soon ? next : soon };
}

/**
 * The next whole second: tokens carry whole seconds, so one that was issued a moment ago is older, and one that is
 * issued a moment later is dated then.
 */
function afterNow(now: Date): string {
  return new Date((Math.floor(now.getTime() / 1000) + 1) * 1000).toISOString();
}

export function unknown(username: string): EtiquetteError {
  return new EtiquetteError('USER_UNKNOWN', `There is no user "${normalName(username).slice(0, 64)}".`);
}

function accountOf(row: Tables['users']): Account {
  return {
    username: row.username,
    fullName: row.full_name,
    role: row.role,
    disabled: row.disabled !== 0,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}
