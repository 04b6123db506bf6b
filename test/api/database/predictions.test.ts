import { strict as assert } from 'node:assert';
import { openDatabase } from '../../../api/database/open.ts';
import { createPredictions } from '../../../api/database/predictions.ts';
import { eachDatabase } from './each-database.ts';

eachDatabase('the record of predictions', (tested) => {
  const made = (id: string, at: string, bundle = 'aaaaaaaaaaaaaaaa') => ({
    ...{ id, at, bundle, code: 2583, confidence: 0.123456789012345 },
  });

  it('knows a prediction by its id, and no other', async () => {
    const predictions = createPredictions(tested.database);
    const one = made('one', '2026-01-02T03:04:05.678Z');
    await predictions.record(one);
    assert.deepEqual(await predictions.find('one'), one);
    assert.equal(await predictions.find('two'), null);
  });

  it('keeps what was written when it is opened again, and by a second process meanwhile', async () => {
    await createPredictions(tested.database).record(made('one', '2026-01-02T03:04:05.678Z'));
    const second = await openDatabase(tested.address);
    try {
      assert.equal((await createPredictions(second).find('one'))?.id, 'one');
      await createPredictions(second).record(made('two', '2026-01-02T03:04:05.679Z'));
    } finally {
      await second.destroy();
    }
    assert.equal((await createPredictions(tested.database).find('two'))?.id, 'two');
  });

  it('counts what a bundle has answered, and from when to when', async () => {
    const predictions = createPredictions(tested.database);
    await predictions.record(made('one', '2026-01-02T00:00:00.000Z'));
    await predictions.record(made('two', '2026-01-01T00:00:00.000Z'));
    await predictions.record(made('three', '2026-01-03T00:00:00.000Z', 'bbbbbbbbbbbbbbbb'));
    assert.deepEqual(await predictions.countOf('aaaaaaaaaaaaaaaa'), {
      count: 2,
      first: '2026-01-01T00:00:00.000Z',
      last: '2026-01-02T00:00:00.000Z',
    });
    assert.deepEqual(await predictions.countOf('cccccccccccccccc'), { count: 0, first: null, last: null });
  });

  it('forgets what is too old, and nothing else', async () => {
    const predictions = createPredictions(tested.database);
    await predictions.record(made('old', '2025-12-31T23:59:59.999Z'));
    await predictions.record(made('new', '2026-01-01T00:00:00.000Z'));
    assert.equal(await predictions.forget('2026-01-01T00:00:00.000Z'), 1);
    assert.deepEqual([await predictions.find('old'), (await predictions.find('new'))?.id], [null, 'new']);
  });
});
