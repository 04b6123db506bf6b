import { strict as assert } from 'node:assert';
import { createLockout } from '../../../api/users/lockout.ts';
import { eachDatabase } from '../database/each-database.ts';

eachDatabase('a login that may fail', (tested) => {
  let clock: Date;
  const later = (seconds: number) => {
    clock = new Date(clock.getTime() + seconds * 1000);
  };
  beforeEach(() => {
    clock = new Date('2025-06-23T12:00:00.500Z');
  });

  /** "in", "wrong", or how many seconds to wait. */
  async function logIn(right: boolean, { user = 'ada', peer = '192.0.2.1' } = {}): Promise<string | number> {
    const lockout = createLockout(tested.database, () => clock);
    try {
      await lockout.check(user, peer);
    } catch (error) {
      const { code, details } = error as { code: string; details: { retryAfterSeconds: number } };
      assert.equal(code, 'LOGIN_LOCKED');
      return details.retryAfterSeconds;
    }
    await (right ? lockout.succeeded(user, peer) : lockout.failed(user, peer));
    return right ? 'in' : 'wrong';
  }
  async function fail(times: number, where: { user?: string; peer?: string } = {}): Promise<void> {
    for (let time = 0; time < times; time += 1) assert.equal(await logIn(false, where), 'wrong');
  }

  it('waits after five failures, twice as long after each, a quarter of an hour at most', async () => {
    await fail(5);
    const waits: Array<string | number> = [];
    for (let time = 0; time < 12; time += 1) {
      const wait = await logIn(true);
      waits.push(wait);
      later(Number(wait));
      await fail(1);
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    later(899);
    assert.equal(await logIn(true), 1);
    later(1);
    assert.equal(await logIn(true), 'in');
    await fail(5);
  });

  it('is refused while it waits, however often it is tried, and the tries do not make it longer', async () => {
    await fail(5);
    for (let time = 0; time < 20; time += 1) assert.equal(await logIn(true), 1);
    later(1);
    assert.equal(await logIn(true), 'in');
  });

  it('from elsewhere is not concerned by the failures of a stranger', async () => {
    await fail(5, { peer: '198.51.100.7' });
    assert.equal(await logIn(true, { peer: '198.51.100.7' }), 1);
    assert.equal(await logIn(true), 'in');
  });

  it('waits when a peer tries one name after the other', async () => {
    for (let name = 0; name < 20; name += 1) await fail(1, { user: `name ${name}` });
    assert.equal(await logIn(true), 1);
    assert.equal(await logIn(true, { peer: '198.51.100.7' }), 'in');
  });

  it('waits half a minute at most when many peers try one name, and not where the user was in before', async () => {
    assert.equal(await logIn(true), 'in');
    for (let peer = 0; peer < 56; peer += 1) {
      later(30);
      await fail(1, { peer: `198.51.100.${peer}` });
    }
    assert.equal(await logIn(true, { peer: '203.0.113.1' }), 30);
    assert.equal(await logIn(true), 'in');
  });

  it('is forgiven after an hour without a failure', async () => {
    await fail(5);
    later(3601);
    await fail(1);
    assert.equal(await logIn(true), 'in');
  });

  it('leaves a bounded number of rows, and those of peers that are known', async () => {
    assert.equal(await logIn(true), 'in');
    const at = clock.toISOString();
    const rows = Array.from({ length: 20_100 }, (_, row) => ({ key: `${row}`, failures: 1, known: 0, at }));
    for (let row = 0; row < rows.length; row += 1000) {
      await tested.database
        .insertInto('login_failures')
        .values(rows.slice(row, row + 1000))
        .execute();
    }
    later(61);
    await fail(1, { user: 'eve', peer: '198.51.100.7' });
    const { count } = await tested.database
      .selectFrom('login_failures')
      .select(({ fn }) => fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    assert.equal(Number(count), 20_001);
  });
});
