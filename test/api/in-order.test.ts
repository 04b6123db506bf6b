import { strict as assert } from 'node:assert';
import { inOrder, type Weighed } from '../../api/in-order.ts';

const WIDE = { most: 3, weight: 100 };

/** Inputs that come when they are given. */
function source() {
  const asked: Array<(next: IteratorResult<Weighed<string>>) => void> = [];
  const generator = {
    next: () => new Promise<IteratorResult<Weighed<string>>>((resolve) => asked.push(resolve)),
    return: async () => {
      ended = true;
      return { done: true as const, value: undefined };
    },
  } as unknown as AsyncGenerator<Weighed<string>>;
  let ended = false;
  return {
    generator,
    /** How many have been asked for and not given. */
    wanted: () => asked.length,
    give: async (input: string, weight = 1) => {
      asked.shift()?.({ done: false, value: { input, weight } });
      await settle();
    },
    end: async () => {
      asked.shift()?.({ done: true, value: undefined });
      await settle();
    },
    ended: () => ended,
  };
}

/** Work that is done when it is said to be. */
function work() {
  const going = new Map<string, () => void>();
  return {
    going: () => [...going.keys()],
    start: (input: string) => new Promise<string>((resolve) => going.set(input, () => resolve(`${input}!`))),
    finish: async (input: string) => {
      going.get(input)?.();
      going.delete(input);
      await settle();
    },
  };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('work in order', () => {
  it('is done side by side and told in the order of the inputs', async () => {
    const from = source();
    const { start, finish, going } = work();
    const results = inOrder(from.generator, WIDE, start);
    const first = results.next();
    await from.give('a');
    await from.give('b');
    assert.deepEqual(going(), ['a', 'b']);
    await finish('b');
    await finish('a');
    assert.equal((await first).value, 'a!');
    assert.equal((await results.next()).value, 'b!');
  });

  it('does not keep a result for an input that has not come yet', async () => {
    const from = source();
    const { start, finish } = work();
    const results = inOrder(from.generator, WIDE, start);
    const first = results.next();
    await from.give('a');
    assert.equal(from.wanted(), 1);
    await finish('a');
    assert.equal((await first).value, 'a!');
    const second = results.next();
    await from.end();
    assert.deepEqual(await second, { done: true, value: undefined });
  });

  it('reads no more than it may work on', async () => {
    const from = source();
    const { start } = work();
    const results = inOrder(from.generator, WIDE, start);
    results.next();
    for (const input of ['a', 'b', 'c']) await from.give(input);
    assert.equal(from.wanted(), 0);
    results.return(undefined);
  });

  it('reads no more than it may hold, and lets in whatever comes alone', async () => {
    const from = source();
    const { start, finish } = work();
    const results = inOrder(from.generator, { most: 3, weight: 10 }, start);
    const first = results.next();
    await from.give('a', 500);
    assert.equal(from.wanted(), 0);
    await finish('a');
    await first;
    results.next();
    await settle();
    assert.equal(from.wanted(), 1);
  });

  it('reads nothing while nobody takes results', async () => {
    const from = source();
    const { start, finish } = work();
    const results = inOrder(from.generator, WIDE, start);
    const first = results.next();
    await from.give('a');
    await finish('a');
    await first;
    await from.give('b');
    await from.give('c');
    assert.equal(from.wanted(), 0);
  });

  it('ends its source when its consumer stops', async () => {
    const from = source();
    const { start, finish } = work();
    const results = inOrder(from.generator, WIDE, start);
    const first = results.next();
    await from.give('a');
    await finish('a');
    await first;
    await results.return(undefined);
    assert.equal(from.ended(), true);
  });

  it('fails when one fails, in its turn', async () => {
    const from = source();
    const { start, finish } = work();
    const results = inOrder(from.generator, WIDE, (input) =>
      input === 'b' ? Promise.reject(new Error('b is bad')) : start(input),
    );
    const first = results.next();
    await from.give('a');
    await from.give('b');
    await finish('a');
    assert.equal((await first).value, 'a!');
    await assert.rejects(results.next(), /b is bad/);
    assert.equal(from.ended(), true);
  });
});
