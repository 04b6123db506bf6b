import { randomUUID } from 'node:crypto';
import { type ExpressionBuilder, sql } from 'kysely';
import type { CorrectedProduct } from '../../data/corrections.ts';
import type { TypeCode } from '../../data/type-codes.ts';
import type { Database, Tables } from './schema.ts';

/** What a person answers in the place of a prediction. */
export interface NewCorrection {
  readonly prediction: Pick<Tables['predictions'], 'id' | 'bundle' | 'code'>;
  readonly inputsHash: string;
  readonly designation: string;
  readonly description: string;
  readonly picture: Uint8Array | null;
  readonly code: TypeCode;
  readonly note: string | null;
  /** Username. */
  readonly by: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
}

/** A correction without its texts and picture. */
export interface Correction
  extends Pick<
    Tables['corrections'],
    | 'id'
    | 'at'
    | 'prediction'
    | 'bundle'
    | 'predicted'
    | 'code'
    | 'note'
    | 'by'
    | 'inputs_hash'
    | 'ended'
    | 'ended_at'
    | 'ended_by'
  > {
  /** How it begins. */
  readonly designation: string;
  readonly hasPicture: boolean;
}

export interface CorrectionPage {
  /** The newest first. */
  readonly corrections: readonly Correction[];
  /** What the next page starts after; null on the last one. */
  readonly next: CorrectionPlace | null;
}

/** In the order of the list. */
export type CorrectionPlace = Pick<Correction, 'at' | 'id'>;

/** Corrections that count: neither replaced nor withdrawn. */
export interface CorrectionCount {
  /** The person gave the code that was predicted. */
  readonly confirmed: number;
  readonly corrected: number;
}

/**
 * People's answers to predictions. Each prediction has one at most that counts. One that was replaced or withdrawn stays
 * on record without its texts and picture: who said what, and until when.
 */
export interface Corrections {
  /**
   * The last one counts; the same code and note again change nothing.
   * @returns null when the prediction is not on record (any more)
   */
  put(correction: NewCorrection): Promise<{ correction: Correction; isNew: boolean } | null>;
  /** The one that counts. */
  find(prediction: string): Promise<Correction | null>;
  /** Those of a prediction that count no more, the newest first. */
  ended(prediction: string): Promise<Correction[]>;
  list(wanted: { limit: number; after?: CorrectionPlace | null }): Promise<CorrectionPage>;
  /** @returns what counted until then, or null when nothing did */
  withdraw(prediction: string, by: string, at: string): Promise<Correction | null>;
  count(): Promise<CorrectionCount>;
  /** What people answered in the place of a bundle, by prediction. */
  codesOf(bundle: string): Promise<ReadonlyMap<string, number>>;
  /** All that count, for training; a few at a time are in memory. */
  products(): AsyncIterable<CorrectedProduct>;
  /** Deletes those given before `at` (ISO 8601), ended ones too. @returns how many */
  forget(at: string): Promise<number>;
}

/** Each may have a picture of MAX_PICTURE_BYTES. */
const PRODUCTS_AT_ONCE = 8;
const SHOWN_CHARACTERS = 200;

export function createCorrections(database: Database): Corrections {
  const live = () => database.selectFrom('corrections').where('ended_at', 'is', null);
  return {
    put: (correction) =>
      database.transaction().execute(async (transaction) => {
        const { prediction, by, at } = correction;
        // Changes nothing, but keeps others from this prediction's corrections until this is done, in each database.
        const locked = await transaction
          .updateTable('predictions')
          .set({ id: prediction.id })
          .where('id', '=', prediction.id)
          .returning('id')
          .executeTakeFirst();
        if (!locked) return null;
        const row = rowOf(correction);
        const before = await findLive(transaction, prediction.id);
        if (before && before.code === row.code && before.note === row.note) {
          return { correction: before, isNew: false };
        }
        if (before) await end(transaction, before.id, { ended: 'replaced', ended_by: by, ended_at: at });
        await transaction.insertInto('corrections').values(row).execute();
        const made = await findLive(transaction, prediction.id);
        if (!made) throw new Error('a correction that was just written is not there');
        return { correction: made, isNew: true };
      }),
    find: (prediction) => findLive(database, prediction),
    async ended(prediction) {
      const rows = await database
        .selectFrom('corrections')
        .select(summary)
        .where('prediction', '=', prediction)
        .where('ended_at', 'is not', null)
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map(correctionOf);
    },
    async list({ limit, after = null }) {
      let wanted = live().select(summary).orderBy('at', 'desc').orderBy('id', 'desc');
      if (after) {
        const { at, id } = after;
        wanted = wanted.where((row) =>
          row.or([row('at', '<', at), row.and([row('at', '=', at), row('id', '<', id)])]),
        );
      }
      const rows = (await wanted.limit(limit + 1).execute()).map(correctionOf);
      const corrections = rows.slice(0, limit);
      const last = corrections.at(-1);
      return { corrections, next: rows.length > limit && last ? { at: last.at, id: last.id } : null };
    },
    async withdraw(prediction, by, at) {
      const found = await findLive(database, prediction);
      const ending = { ended: 'withdrawn', ended_by: by, ended_at: at } as const;
      return found && (await end(database, found.id, ending)) ? { ...found, ...ending } : null;
    },
    async count() {
      const rows = await live()
        .select(({ fn }) => [
          sql<number>`case when code = predicted then 1 else 0 end`.as('confirmed'),
          fn.countAll().as('count'),
        ])
        .groupBy('confirmed')
        .execute();
      const of = (confirmed: number) =>
        Number(rows.find((row) => Number(row.confirmed) === confirmed)?.count ?? 0);
      return { confirmed: of(1), corrected: of(0) };
    },
    async codesOf(bundle) {
      const rows = await live().select(['prediction', 'code']).where('bundle', '=', bundle).execute();
      return new Map(rows.map(({ prediction, code }) => [prediction, code]));
    },
    async *products() {
      for (let last = ''; ; ) {
        const rows = await live()
          .selectAll()
          .where('id', '>', last)
          .orderBy('id')
          .limit(PRODUCTS_AT_ONCE)
          .execute();
        for (const { inputs_hash, code, picture, ...row } of rows) {
          const bytes = picture && new Uint8Array(picture);
          yield { ...row, picture: bytes, inputsHash: inputs_hash, code: code as TypeCode };
        }
        if (rows.length < PRODUCTS_AT_ONCE) return;
        last = rows.at(-1)?.id ?? '';
      }
    },
    async forget(at) {
      const { numDeletedRows } = await database
        .deleteFrom('corrections')
        .where('at', '<', at)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

const summary = (row: ExpressionBuilder<Tables, 'corrections'>) => [
  ...(['id', 'at', 'prediction', 'bundle', 'predicted', 'code', 'note', 'by', 'inputs_hash'] as const),
  ...(['ended', 'ended_at', 'ended_by'] as const),
  sql<string>`substr(designation, 1, ${sql.lit(SHOWN_CHARACTERS)})`.as('designation'),
  row('picture', 'is not', null).as('hasPicture'),
];

/** SQLite knows no booleans. */
function correctionOf(row: Omit<Correction, 'hasPicture'> & { hasPicture: unknown }): Correction {
  return { ...row, hasPicture: Boolean(row.hasPicture) };
}

async function findLive(database: Database, prediction: string): Promise<Correction | null> {
  const row = await database
    .selectFrom('corrections')
    .select(summary)
    .where('prediction', '=', prediction)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return row ? correctionOf(row) : null;
}

/** What it was about is of no use any more. @returns false when somebody else ended it first */
async function end(
  database: Database,
  id: string,
  ending: Pick<Tables['corrections'], 'ended' | 'ended_by' | 'ended_at'>,
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('corrections')
    .set({ ...ending, designation: '', description: '', picture: null })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function rowOf({ prediction, inputsHash, picture, code, note, by, at, ...texts }: NewCorrection) {
  return {
    ...{ id: randomUUID(), at, prediction: prediction.id, bundle: prediction.bundle },
    ...{ predicted: prediction.code, code, note: note === null ? null : storable(note), by },
    inputs_hash: inputsHash,
    designation: storable(texts.designation),
    description: storable(texts.description),
    picture: picture && Buffer.from(picture),
    ...{ ended: null, ended_at: null, ended_by: null },
  };
}

/** SQLite's functions take a NUL for the end of a text, and PostgreSQL refuses it. */
const storable = (text: string) => text.replaceAll('\0', '\ufffd');
