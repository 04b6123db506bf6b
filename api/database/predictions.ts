import type { Database, Tables } from './schema.ts';

export type PredictionRecord = Tables['predictions'];

/** What is watched of an answer. */
export type Observation = Pick<
  PredictionRecord,
  'id' | 'at' | 'inputs_hash' | 'code' | 'confidence' | 'features'
>;

export interface ObservationsWanted {
  readonly bundle: string;
  /** ISO 8601; those given before are left out. */
  readonly since?: string;
  readonly limit: number;
}

/** How much a bundle has answered, of what is still kept. */
export interface PredictionCount {
  readonly count: number;
  readonly first: string | null;
  readonly last: string | null;
}

/** The answers that were given: what a prediction id leads back to. */
export interface Predictions {
  record(...predictions: PredictionRecord[]): Promise<void>;
  find(id: string): Promise<PredictionRecord | null>;
  countOf(bundle: string): Promise<PredictionCount>;
  /** A bundle's answers, the newest first. */
  observations(wanted: ObservationsWanted): Promise<Observation[]>;
  /** Versions of the bundles that gave the answers on record. */
  bundles(): Promise<string[]>;
  /** Deletes those given before `at` (ISO 8601), and of the others those beyond the newest `most`. @returns how many */
  forget(at: string, most?: number): Promise<number>;
}

export function createPredictions(database: Database): Predictions {
  return {
    async record(...predictions) {
      await database.insertInto('predictions').values(predictions).execute();
    },
    async find(id) {
      const found = await database
        .selectFrom('predictions')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return found ?? null;
    },
    async countOf(bundle) {
      const { count, first, last } = await database
        .selectFrom('predictions')
        .select(({ fn }) => [fn.countAll().as('count'), fn.min('at').as('first'), fn.max('at').as('last')])
        .where('bundle', '=', bundle)
        .executeTakeFirstOrThrow();
      return { count: Number(count), first: first ?? null, last: last ?? null };
    },
    async observations({ bundle, since = '', limit }) {
      return await database
        .selectFrom('predictions')
        .select(['id', 'at', 'inputs_hash', 'code', 'confidence', 'features'])
        .where('bundle', '=', bundle)
        .where('at', '>=', since)
        // Answers of the same millisecond come in the same order each time.
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
    },
    async bundles() {
      const found = await database.selectFrom('predictions').select('bundle').distinct().execute();
      return found.map(({ bundle }) => bundle);
    },
    async forget(at, most) {
      const from = most === undefined ? at : await firstOf(most, at);
      const { numDeletedRows } = await database
        .deleteFrom('predictions')
        .where('at', '<', from)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };

  /** When the oldest of the newest `most` was given, or `at` if that is later. Others of its millisecond stay too. */
  async function firstOf(most: number, at: string): Promise<string> {
    const oldest = await database
      .selectFrom('predictions')
      .select('at')
      .orderBy('at', 'desc')
      .offset(most - 1)
      .limit(1)
      .executeTakeFirst();
    return oldest && oldest.at > at ? oldest.at : at;
  }
}
