import { type Kysely, type Migration, sql } from 'kysely';

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
        .addColumn('confidence', 'real', (column) => column.notNull())
        .execute();
      await sql`create index predictions_at on predictions (at)`.execute(database);
      await sql`create index predictions_bundle on predictions (bundle, at)`.execute(database);
    },
  },
};
