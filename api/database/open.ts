import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Dialect, Kysely, Migrator, SqliteDialect, sql } from 'kysely';
import Sqlite from 'libsql';
import { EtiquetteError, isEtiquetteError } from '../../errors.ts';
import { postgresDialect } from './postgres.ts';
import { type Database, MIGRATIONS, type Tables } from './schema.ts';

/** A file of this machine, or a PostgreSQL server that several API processes share. */
export type DatabaseAddress =
  | { readonly file: string }
  | { readonly url: string; readonly password: string | undefined };

/** How long a statement waits for another process that writes. */
const BUSY_MS = 5_000;

/**
 * Opens the API's database, makes the file where there is none, and brings it to this release's tables. Several
 * processes may open it at the same time. What was written outlasts a kill of the process.
 * @throws EtiquetteError DATABASE_UNUSABLE when it cannot be opened or brought up to date, DATABASE_UNAVAILABLE when
 *   the server does not answer
 */
export function openDatabase(address: DatabaseAddress): Promise<Database> {
  return 'file' in address ? openSqlite(address.file) : openPostgres(address);
}

async function openSqlite(file: string): Promise<Database> {
  await mkdir(dirname(file), { recursive: true });
  return open(
    () => new SqliteDialect({ database: new Sqlite(file) }),
    async (database) => {
      await sql`pragma busy_timeout = ${sql.lit(BUSY_MS)}`.execute(database);
      await sql`pragma journal_mode = wal`.execute(database);
      await sql`pragma synchronous = normal`.execute(database);
      // Kysely takes no lock on SQLite: of two processes that start at once, one would make tables that are there.
      await sql`begin immediate`.execute(database);
      try {
        await migrate(database);
        await sql`commit`.execute(database);
      } catch (error) {
        await sql`rollback`.execute(database);
        throw error;
      }
    },
    (reason) =>
      `${file} cannot be used: ${reason}. Restore it from a backup, or move it away: a new one is made, without the ` +
      'users and the predictions that the old one knows.',
  );
}

/** Kysely's lock on PostgreSQL lets one process at a time migrate. */
function openPostgres({ url, password }: { url: string; password: string | undefined }): Promise<Database> {
  return open(
    () => postgresDialect(url, password),
    migrate,
    (reason) =>
      `The database at ${url} cannot be used: ${reason}. Correct DATABASE_URL or DATABASE_PASSWORD.`,
  );
}

async function open(
  dialect: () => Dialect,
  prepare: (database: Database) => Promise<void>,
  unusable: (reason: string) => string,
): Promise<Database> {
  let database: Database | undefined;
  try {
    database = new Kysely<Tables>({ dialect: dialect() });
    await prepare(database);
    return database;
  } catch (cause) {
    await database?.destroy();
    if (isEtiquetteError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EtiquetteError('DATABASE_UNUSABLE', unusable(reason), { cause });
  }
}

async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
