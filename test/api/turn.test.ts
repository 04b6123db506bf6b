import { strict as assert } from 'node:assert';
import { turn } from '../../api/turn.ts';

describe('taking turns', () => {
  it('gives each caller an iteration of the event loop of its own, in the order they came', async () => {
    const seen: Array<[caller: number, iteration: number]> = [];
    let iteration = 0;
    let counting = true;
    const count = () => {
      iteration += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const take = async (caller: number) => {
      await turn();
      seen.push([caller, iteration]);
    };
    await Promise.all([1, 2, 3].map(take));
    counting = false;
    assert.deepEqual(
      seen.map(([caller]) => caller),
      [1, 2, 3],
    );
    assert.equal(new Set(seen.map(([, at]) => at)).size, 3);
  });
});
