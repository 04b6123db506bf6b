import type { Logger } from 'pino';
import type { PredictionRecord, Predictions } from './database/predictions.ts';
import { turn } from './turn.ts';

/** Far below the bind variables that SQLite and PostgreSQL take. */
const MOST = 500;

/**
 * Keeps predictions, those of the same moment with one statement: products that the model answered together are
 * written together, for a third of the work. It resolves when they are written, so that an id can be looked up as
 * soon as its answer is there, one answer after the other; it never rejects.
 */
export function createRecorder(
  predictions: Predictions,
  log: Logger,
): (record: PredictionRecord) => Promise<void> {
  let group: { readonly records: PredictionRecord[]; readonly written: Promise<void> } | null = null;

  async function write(records: readonly PredictionRecord[]): Promise<void> {
    try {
      await predictions.record(...records);
    } catch (error) {
      // The answers are right all the same: whoever asked must not suffer from a full disk.
      const ids = records.map(({ id }) => id);
      log.error({ err: error, predictionIds: ids }, 'predictions could not be recorded');
    }
  }

  return (record) => {
    if (!group || group.records.length >= MOST) {
      const records: PredictionRecord[] = [];
      const written = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        if (group?.records === records) group = null;
        return write(records);
      });
      group = { records, written };
    }
    group.records.push(record);
    return group.written.then(turn);
  };
}
