import { strict as assert } from 'node:assert';
import { createWindows } from '../../api/windows.ts';

describe('the windows that requests are counted in', () => {
  const MINUTE = 60_000;
  let time = 0;
  const windows = (most: number) => {
    time = 1_000_000;
    const store = createWindows(MINUTE, most, () => time);
    return async (key: string) => {
      const { totalHits, resetTime } = await store.increment(key);
      return [totalHits, (resetTime?.getTime() ?? 0) - time];
    };
  };

  it('begin with a key’s first request, each by itself', async () => {
    const count = windows(10);
    assert.deepEqual(await count('a'), [1, MINUTE]);
    time += 40_000;
    assert.deepEqual(await count('a'), [2, 20_000]);
    assert.deepEqual(await count('b'), [1, MINUTE]);
    time += 20_000;
    assert.deepEqual(await count('a'), [1, MINUTE]);
    assert.deepEqual(await count('b'), [2, 40_000]);
  });

  it('are at most so many: the oldest is forgotten for a new one', async () => {
    const count = windows(3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) await count(key);
    assert.deepEqual(
      [await count('b'), await count('c'), await count('d'), await count('a')].map(([hits]) => hits),
      [2, 2, 2, 1],
    );
  });

  it('that are over make room before those that are not', async () => {
    const count = windows(2);
    await count('a');
    time += MINUTE / 2;
    await count('b');
    time += MINUTE / 2;
    await count('c');
    assert.deepEqual(await count('b'), [2, MINUTE / 2]);
  });
});
