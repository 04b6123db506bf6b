import { type ColumnType, type Kysely, type Migration, sql } from 'kysely';
import type { Role } from '../roles.ts';

/** Times are ISO 8601 in UTC: they sort as text, in every database. */
export interface Tables {
  predictions: {
    id: string;
    at: string;
    /** Version of the bundle that answered. */
    bundle: string;
    /** The type code that it answered. */
    code: number;
    /** 0..1 */
    confidence: number;
    /** See `inputsHash`. This and what follows is null in rows of before it was kept. */
    inputs_hash: string | null;
    /** DriftFeatures as JSON; null too where the bundle has no reference to compare with. */
    features: string | null;
    /** The five most probable codes as JSON: [[code, 0..1], ...], the most probable first. */
    codes: string | null;
    /** From the question to the answer, its wait included. */
    seconds: number | null;
  };
  corrections: {
    id: string;
    at: string;
    /** Of each prediction one at most has not ended. The prediction itself may be forgotten by now. */
    prediction: string;
    /** Version of the bundle that was corrected, and the code that it answered. */
    bundle: string;
    predicted: number;
    /** The type code that is right. */
    code: number;
    note: string | null;
    /** Username. */
    by: string;
    inputs_hash: string;
    /** Texts and picture as they were sent; empty and null once the correction has ended. SQLite gives an ArrayBuffer. */
    designation: string;
    description: string;
    picture: ColumnType<Buffer | ArrayBuffer | null, Buffer | null>;
    ended: 'replaced' | 'withdrawn' | null;
    ended_at: string | null;
    ended_by: string | null;
  };
  users: {
    /** Unicode NFC; users differ in case. */
    username: string;
    full_name: string;
    role: Role;
    /** argon2id with its parameters and salt, as a PHC string. */
    password_hash: string;
    /** 1: may do nothing. */
    disabled: number;
    created_at: string;
    changed_at: string;
    /** Tokens that were issued before are not valid any more. Whole seconds, as tokens have them. */
    tokens_valid_after: string;
    /** Hash of the TEST_USER_PASSWORD that was set last; null for users that people made. */
    environment_hash: string | null;
  };
  api_keys: {
    id: string;
    username: string;
    /** What it is for. */
    name: string;
    /** SHA-256 of the secret, which is random: a slow hash would add nothing but time. */
    secret_hash: string;
    /** Separated by spaces. */
    scopes: string;
    created_at: string;
    expires_at: string;
    /** To the minute. */
    last_used_at: string | null;
  };
  /** Tokens that were given back before their time. */
  revoked_tokens: { jti: string; expires_at: string };
  /** Failed logins by the hash of user, peer, or both. */
  login_failures: {
    key: string;
    /** Since the last success, or the last hour without one. */
    failures: number;
    /** 1: this user has logged in from this peer. */
    known: number;
    /** Of the last one. */
    at: string;
  };
}

export type Database = Kysely<Tables>;

/** In the order of their names; one that was released is never edited, only followed by another. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-predictions': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('predictions')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('at', 'text', (column) => column.notNull())
        .addColumn('bundle', 'text', (column) => column.notNull())
        .addColumn('code', 'integer', (column) => column.notNull())
        // SQLite takes it for "real", which PostgreSQL would keep with half the digits.
        .addColumn('confidence', 'double precision', (column) => column.notNull())
        .execute();
      await sql`create index predictions_at on predictions (at)`.execute(database);
      await sql`create index predictions_bundle on predictions (bundle, at)`.execute(database);
    },
  },
  '002-users': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('users')
        .addColumn('username', 'text', (column) => column.primaryKey())
        .addColumn('full_name', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('password_hash', 'text', (column) => column.notNull())
        .addColumn('disabled', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('changed_at', 'text', (column) => column.notNull())
        .addColumn('tokens_valid_after', 'text', (column) => column.notNull())
        .addColumn('environment_hash', 'text')
        .execute();
      await database.schema
        .createTable('api_keys')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('username', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('secret_hash', 'text', (column) => column.notNull())
        .addColumn('scopes', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'text', (column) => column.notNull())
        .addColumn('last_used_at', 'text')
        .execute();
      await sql`create index api_keys_username on api_keys (username)`.execute(database);
      await database.schema
        .createTable('revoked_tokens')
        .addColumn('jti', 'text', (column) => column.primaryKey())
        .addColumn('expires_at', 'text', (column) => column.notNull())
        .execute();
      await database.schema
        .createTable('login_failures')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('failures', 'integer', (column) => column.notNull())
        .addColumn('known', 'integer', (column) => column.notNull())
        .addColumn('at', 'text', (column) => column.notNull())
        .execute();
      await sql`create index login_failures_at on login_failures (at)`.execute(database);
    },
  },
  '003-what-predictions-stand-on': {
    async up(database: Kysely<unknown>) {
      // SQLite takes one column at a time.
      for (const column of ['inputs_hash', 'features', 'codes']) {
        await database.schema.alterTable('predictions').addColumn(column, 'text').execute();
      }
      await database.schema.alterTable('predictions').addColumn('seconds', 'double precision').execute();
    },
  },
  '004-corrections': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('corrections')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('at', 'text', (column) => column.notNull())
        .addColumn('prediction', 'text', (column) => column.notNull())
        .addColumn('bundle', 'text', (column) => column.notNull())
        .addColumn('predicted', 'integer', (column) => column.notNull())
        .addColumn('code', 'integer', (column) => column.notNull())
        .addColumn('note', 'text')
        .addColumn('by', 'text', (column) => column.notNull())
        .addColumn('inputs_hash', 'text', (column) => column.notNull())
        .addColumn('designation', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        // SQLite keeps bytes as they are, whatever a column is called.
        .addColumn('picture', 'bytea')
        .addColumn('ended', 'text')
        .addColumn('ended_at', 'text')
        .addColumn('ended_by', 'text')
        .execute();
      await sql`create unique index corrections_live on corrections (prediction) where ended_at is null`.execute(
        database,
      );
      await sql`create index corrections_prediction on corrections (prediction, at)`.execute(database);
      await sql`create index corrections_at on corrections (at, id)`.execute(database);
    },
  },
};
