import { strict as assert } from 'node:assert';
import { pino } from 'pino';
import type { PredictionRecord } from '../../api/database/predictions.ts';
import { createRecorder } from '../../api/recorder.ts';
import { standInPredictions } from './support.ts';

const made = (id: string): PredictionRecord => ({
  ...{ id, at: '', bundle: 'a', code: 10, confidence: 0.5 },
  ...{ inputs_hash: null, features: null, codes: null, seconds: null },
});
const silent = pino({ level: 'silent' });

describe('the record of predictions', () => {
  /** Keeps how many came with each statement. */
  function counted() {
    const predictions = standInPredictions();
    const statements: number[] = [];
    return {
      ...predictions,
      statements,
      record: (...records: PredictionRecord[]) => {
        statements.push(records.length);
        return predictions.record(...records);
      },
    };
  }

  it('is written when it says so, what came together with one statement', async () => {
    const predictions = counted();
    const record = createRecorder(predictions, silent);
    const first = record(made('a'));
    const others = [record(made('b')), record(made('c'))];
    await first;
    assert.deepEqual(
      predictions.recorded.map(({ id }) => id),
      ['a', 'b', 'c'],
    );
    await Promise.all(others);
    await record(made('d'));
    assert.deepEqual(predictions.statements, [3, 1]);
  });

  it('has no more than 500 in a statement', async () => {
    const predictions = counted();
    const record = createRecorder(predictions, silent);
    await Promise.all(Array.from({ length: 1001 }, (_, place) => record(made(String(place)))));
    assert.deepEqual(predictions.statements, [500, 500, 1]);
  });

  it('that cannot be written fails nobody’s answer', async () => {
    const predictions = {
      ...standInPredictions(),
      record: () => Promise.reject(new Error('the disk is full')),
    };
    await createRecorder(predictions, silent)(made('a'));
  });
});
