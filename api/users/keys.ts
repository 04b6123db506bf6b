import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { EtiquetteError } from '../../errors.ts';
import type { Database } from '../database/schema.ts';
import { SCOPES, SCOPES_OF, type Scope } from '../roles.ts';
import { unknown } from './accounts.ts';
import { checkFullName, normalName, type User } from './user.ts';

/** A machine's way in, as people see it: never its secret. Times are ISO 8601. */
export interface Key {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
  readonly expiresAt: string;
  /** To the minute; null when it never was. */
  readonly lastUsedAt: string | null;
}

export interface NewKey {
  readonly username: string;
  /** What it is for. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly days: number;
}

export interface Keys {
  /** In the order in which they were made. @throws EtiquetteError USER_UNKNOWN */
  list(username?: string): Promise<Key[]>;
  /**
   * @returns the key in `secret`, this once
   * @throws EtiquetteError USER_UNKNOWN, USER_INVALID or KEY_INVALID
   */
  add(key: NewKey): Promise<Key & { readonly secret: string }>;
  /** @throws EtiquetteError KEY_UNKNOWN */
  revoke(id: string): Promise<Key>;
  /** Whose key this is, with what it may do of what its owner may do now; null for every other text. */
  identify(presented: string): Promise<User | null>;
}

const FORM = /^etq_([0-9a-f]{16})_([\w-]{43})$/;
export const MAX_DAYS = 3650;
const DAY_MS = 24 * 3600 * 1000;
/** `last_used_at` is for people who tidy up; a write for each request would be too much for that. */
const NOTE_EVERY_MS = 60_000;

/** Whether a text looks like a key, rather than a token. */
export function looksLikeKey(presented: string): boolean {
  return presented.startsWith('etq_');
}

export function createKeys(database: Database, now: () => Date): Keys {
  const ownerOf = async (username: string): Promise<string> => {
    const owner = await database
      .selectFrom('users')
      .select('username')
      .where('username', '=', normalName(username))
      .executeTakeFirst();
    if (!owner) throw unknown(username);
    return owner.username;
  };

  return {
    async list(username) {
      let query = database.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('id');
      if (username !== undefined) query = query.where('username', '=', await ownerOf(username));
      return (await query.execute()).map(keyOf);
    },
    async add({ username, name, scopes, days }) {
      check(scopes, days);
      const owner = await ownerOf(username);
      const [id, secret] = [randomBytes(8).toString('hex'), randomBytes(32).toString('base64url')];
      const at = now();
      const row = {
        id,
        username: owner,
        name: checkFullName(name),
        secret_hash: sha256(secret).toString('hex'),
        scopes: SCOPES.filter((scope) => scopes.includes(scope)).join(' '),
        created_at: at.toISOString(),
        expires_at: new Date(at.getTime() + days * DAY_MS).toISOString(),
        last_used_at: null,
      };
      await database.insertInto('api_keys').values(row).execute();
      return { ...keyOf(row), secret: `etq_${id}_${secret}` };
    },
    async revoke(id) {
      const gone = await database
        .deleteFrom('api_keys')
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (!gone)
        throw new EtiquetteError('KEY_UNKNOWN', 'There is no key of this id: see "npm run keys -- list".');
      return keyOf(gone);
    },
    async identify(presented) {
      const [, id, secret] = FORM.exec(presented) ?? [];
      if (id === undefined || secret === undefined) return null;
      const found = await database
        .selectFrom('api_keys')
        .innerJoin('users', 'users.username', 'api_keys.username')
        .select(['users.username', 'full_name', 'role', 'disabled'])
        .select(['secret_hash', 'scopes', 'expires_at', 'last_used_at'])
        .where('id', '=', id)
        .executeTakeFirst();
      const at = now().toISOString();
      if (!found || !timingSafeEqual(sha256(secret), Buffer.from(found.secret_hash, 'hex'))) return null;
      if (found.disabled !== 0 || found.expires_at <= at) return null;
      const note = new Date(now().getTime() - NOTE_EVERY_MS).toISOString();
      if (found.last_used_at === null || found.last_used_at < note) {
        await database.updateTable('api_keys').set({ last_used_at: at }).where('id', '=', id).execute();
      }
      const { username, full_name: fullName, role } = found;
      return { username, fullName, role, scopes: scopesOf(found.scopes, SCOPES_OF[role]), keyId: id };
    },
  };
}

function check(scopes: readonly Scope[], days: number): void {
  if (scopes.length > 0 && Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return;
  throw new EtiquetteError(
    'KEY_INVALID',
    `A key needs a scope at least (${SCOPES.join(', ')}) and whole days to live, 1 to ${MAX_DAYS}.`,
  );
}

function keyOf(row: {
  id: string;
  username: string;
  name: string;
  scopes: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
}): Key {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    scopes: scopesOf(row.scopes, SCOPES),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}

function scopesOf(stored: string, allowed: readonly Scope[]): Scope[] {
  const names = stored.split(' ');
  return allowed.filter((scope) => names.includes(scope));
}

function sha256(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
