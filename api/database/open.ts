import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Kysely, Migrator, SqliteDialect, sql } from 'kysely';
import Sqlite from 'libsql';
import { EtiquetteError } from '../../errors.ts';
import { type Database, MIGRATIONS, type Tables } from './schema.ts';

/** How long a statement waits for another process that writes. */
const BUSY_MS = 5_000;

/**
 * Opens the API's SQLite file, makes it where there is none, and brings it to this release's tables. Several
 * processes may have it open. What was written outlasts a kill of the process.
 * @throws EtiquetteError DATABASE_UNUSABLE when it cannot be opened or brought up to date
 */
export async function openDatabase(file: string): Promise<Database> {
  await mkdir(dirname(file), { recursive: true });
  let database: Database | undefined;
  try {
    database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: new Sqlite(file) }) });
    await sql`pragma busy_timeout = ${sql.lit(BUSY_MS)}`.execute(database);
    await sql`pragma journal_mode = wal`.execute(database);
    await sql`pragma synchronous = normal`.execute(database);
    const migrator = new Migrator({
      db: database,
      provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
    return database;
  } catch (cause) {
    await database?.destroy();
    throw new EtiquetteError(
      'DATABASE_UNUSABLE',
      `${file} cannot be used: ${cause instanceof Error ? cause.message : cause}. Restore it from a backup, or move it ` +
        'away: a new one is made, without the predictions that the old one knows.',
      { cause },
    );
  }
}
