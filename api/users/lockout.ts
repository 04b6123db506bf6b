import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { EtiquetteError } from '../../errors.ts';
import type { Database } from '../database/schema.ts';

/** Makes guessing passwords slow: for a user and a peer, for a peer whatever the user, for a user whatever the peer. */
export interface Lockout {
  /** @throws EtiquetteError LOGIN_LOCKED, with `details.retryAfterSeconds` */
  check(username: string, peer: string): Promise<void>;
  failed(username: string, peer: string): Promise<void>;
  succeeded(username: string, peer: string): Promise<void>;
}

/** After `free` failures one waits for a second, then for two, four ... up to `seconds`. */
interface Rule {
  readonly free: number;
  readonly seconds: number;
}

const RULES = {
  pair: { free: 5, seconds: 15 * 60 },
  peer: { free: 20, seconds: 15 * 60 },
  // Strangers may not keep somebody out: short, and not for peers where the user has logged in before.
  user: { free: 50, seconds: 30 },
} as const satisfies Record<string, Rule>;
type Kind = keyof typeof RULES;

const FORGIVEN_AFTER_MS = 3600 * 1000;
const KNOWN_FOR_MS = 30 * 24 * 3600 * 1000;
/** A known peer is noted again after so long. */
const NOTE_EVERY_MS = 24 * 3600 * 1000;
const PRUNE_EVERY_MS = 60_000;
const ROWS = 20_000;

/**
 * Kept in the database: it holds for every replica, and outlasts a restart. A failed login costs a password hash
 * anyway, so a write more is nothing. Names that were tried are stored as hashes: people type passwords there.
 */
export function createLockout(database: Database, now: () => Date): Lockout {
  const before = (milliseconds: number) => new Date(now().getTime() - milliseconds).toISOString();
  let pruned = 0;
  const prune = async () => {
    if (now().getTime() - pruned < PRUNE_EVERY_MS) return;
    pruned = now().getTime();
    await database
      .deleteFrom('login_failures')
      .where((row) =>
        row.or([
          row.and([row('known', '=', 0), row('at', '<', before(FORGIVEN_AFTER_MS))]),
          row('at', '<', before(KNOWN_FOR_MS)),
        ]),
      )
      .execute();
    const oldest = database
      .selectFrom('login_failures')
      .select('key')
      .where('known', '=', 0)
      .orderBy('at', 'desc')
      .limit(Number.MAX_SAFE_INTEGER)
      .offset(ROWS);
    await database.deleteFrom('login_failures').where('key', 'in', oldest).execute();
  };
  const read = (keys: readonly string[]) =>
    database.selectFrom('login_failures').selectAll().where('key', 'in', keys).execute();

  return {
    async check(username, peer) {
      const keys = keysOf(username, peer);
      const rows = new Map((await read(Object.values(keys))).map((row) => [row.key, row]));
      const known = rows.get(keys.pair)?.known === 1;
      const kinds: readonly Kind[] = known ? ['pair'] : ['pair', 'peer', 'user'];
      const waits = kinds.map((kind) => {
        const row = rows.get(keys[kind]);
        return row ? Date.parse(row.at) + pauseMs(row.failures, RULES[kind]) - now().getTime() : 0;
      });
      const wait = Math.max(...waits);
      if (wait > 0) throw locked(Math.ceil(wait / 1000));
    },
    async failed(username, peer) {
      const keys = Object.values(keysOf(username, peer)).sort();
      const at = now().toISOString();
      await database
        .insertInto('login_failures')
        .values(keys.map((key) => ({ key, failures: 1, known: 0, at })))
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet({
            failures: sql`case when login_failures.at < ${before(FORGIVEN_AFTER_MS)} then 1
              else login_failures.failures + 1 end`,
            at,
          }),
        )
        .execute();
      await prune();
    },
    async succeeded(username, peer) {
      const key = keysOf(username, peer).pair;
      const [row] = await read([key]);
      if (row?.known === 1 && row.failures === 0 && row.at > before(NOTE_EVERY_MS)) return;
      const values = { failures: 0, known: 1, at: now().toISOString() };
      await database
        .insertInto('login_failures')
        .values({ key, ...values })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(values))
        .execute();
    },
  };
}

function pauseMs(failures: number, { free, seconds }: Rule): number {
  return failures < free ? 0 : Math.min(2 ** (failures - free), seconds) * 1000;
}

function keysOf(username: string, peer: string): Record<Kind, string> {
  const key = (...parts: string[]) => createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
  return { pair: key('pair', username, peer), peer: key('peer', peer), user: key('user', username) };
}

function locked(retryAfterSeconds: number): EtiquetteError {
  return new EtiquetteError('LOGIN_LOCKED', `Too many failed logins. Try again in ${retryAfterSeconds} s.`, {
    retryable: true,
    details: { retryAfterSeconds },
  });
}
