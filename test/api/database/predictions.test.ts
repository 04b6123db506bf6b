import { strict as assert } from 'node:assert';
import { Migrator, sql } from 'kysely';
import { openDatabase } from '../../../api/database/open.ts';
import { createPredictions } from '../../../api/database/predictions.ts';
import { MIGRATIONS } from '../../../api/database/schema.ts';
import { eachDatabase } from './each-database.ts';

eachDatabase('the record of predictions', (tested) => {
  const made = (id: string, at: string, bundle = 'aaaaaaaaaaaaaaaa') => ({
    ...{ id, at, bundle, code: 2583, confidence: 0.123456789012345 },
    ...{
      inputs_hash: `hash of ${id}`,
      features: '{"code":2583}',
      codes: '[[2583,0.12]]',
      seconds: 0.123456789,
    },
  });

  it('knows a prediction by its id, and no other', async () => {
    const predictions = createPredictions(tested.database);
    const one = made('one', '2026-01-02T03:04:05.678Z');
    await predictions.record(one);
    assert.deepEqual(await predictions.find('one'), one);
    assert.equal(await predictions.find('two'), null);
  });

  it('tells what is watched of a bundle’s answers, the newest first', async () => {
    const predictions = createPredictions(tested.database);
    const bundle = 'aaaaaaaaaaaaaaaa';
    const times = ['2026-01-03', '2026-01-01', '2026-01-04', '2026-01-02'].map(
      (day) => `${day}T00:00:00.000Z`,
    );
    await predictions.record(...times.map((at) => made(at.slice(8, 10), at)));
    await predictions.record(made('05', '2026-01-05T00:00:00.000Z', 'bbbbbbbbbbbbbbbb'));
    const ids = async (wanted: { since?: string; limit: number }) =>
      (await predictions.observations({ bundle, ...wanted })).map(({ id }) => id);
    assert.deepEqual(await ids({ limit: 10 }), ['04', '03', '02', '01']);
    assert.deepEqual(await ids({ limit: 2 }), ['04', '03']);
    assert.deepEqual(await ids({ limit: 10, since: '2026-01-02T00:00:00.000Z' }), ['04', '03', '02']);
    assert.deepEqual(await predictions.observations({ bundle, limit: 1 }), [
      {
        ...{ id: '04', at: '2026-01-04T00:00:00.000Z', inputs_hash: 'hash of 04', code: 2583 },
        ...{ confidence: 0.123456789012345, features: '{"code":2583}' },
      },
    ]);
  });

  it('knows those of releases that kept less of them', async () => {
    const { database, address } = tested;
    const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
    for (const { name } of tables) await sql`drop table ${sql.table(name)}`.execute(database);
    const old = new Migrator({
      db: database,
      provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    });
    const { error } = await old.migrateTo('002-users');
    assert.equal(error, undefined);
    const one = { id: 'one', at: '2026-01-02T03:04:05.678Z', bundle: 'a', code: 10, confidence: 0.5 };
    await sql`insert into predictions values ${sql`(${sql.join(Object.values(one))})`}`.execute(database);
    const opened = await openDatabase(address);
    try {
      const nothing = { inputs_hash: null, features: null, codes: null, seconds: null };
      assert.deepEqual(await createPredictions(opened).find('one'), { ...one, ...nothing });
    } finally {
      await opened.destroy();
    }
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
    assert.equal(await predictions.forget('2026-01-01T00:00:00.000Z', 10), 1);
    assert.deepEqual([await predictions.find('old'), (await predictions.find('new'))?.id], [null, 'new']);
  });

  it('forgets the oldest of too many', async () => {
    const predictions = createPredictions(tested.database);
    for (const day of ['01', '02', '03', '04']) {
      await predictions.record(made(day, `2026-01-${day}T00:00:00.000Z`));
    }
    assert.equal(await predictions.forget('2025-01-01T00:00:00.000Z', 4), 0);
    assert.equal(await predictions.forget('2025-01-01T00:00:00.000Z', 2), 2);
    const left = await predictions.observations({ bundle: 'aaaaaaaaaaaaaaaa', limit: 9 });
    assert.deepEqual(
      left.map(({ id }) => id),
      ['04', '03'],
    );
    assert.equal(await predictions.forget('2026-01-04T00:00:00.000Z', 2), 1);
  });
});
