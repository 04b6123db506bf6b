import { strict as assert } from 'node:assert';
import { random } from '../../../data/random.ts';
import { type Deployment, previousVersion } from '../../../models/bundle/deployments.ts';
import { retain } from '../../../models/bundle/retention.ts';

const deployed = (version: string, kind: Deployment['kind'] = 'deployment'): Deployment => ({
  ...{ version, kind, at: '2026-01-01T00:00:00.000Z', by: 'a test', reason: 'to see', replaced: null },
});
const made = (version: string, day: number) => ({
  version,
  at: `2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`,
});
const none: ReadonlyMap<string, string> = new Map();

describe('the retention of bundles', () => {
  it('keeps the newest, and says why; older ones go', () => {
    const bundles = [made('b', 2), made('d', 4), made('a', 1), made('c', 3)];
    const { kept, pruned } = retain(bundles, [], none, { newest: 2, rollbacks: 5 });
    assert.deepEqual(
      [...kept],
      [
        ['d', 'one of the 2 newest'],
        ['c', 'one of the 2 newest'],
      ],
    );
    assert.deepEqual(pruned, ['b', 'a']);
  });

  it('keeps the champion and so many steps back, however old', () => {
    const bundles = ['a', 'b', 'c', 'd', 'e'].map((version, place) => made(version, place + 1));
    const history = ['a', 'b', 'c', 'd'].map((version) => deployed(version));
    const { kept, pruned } = retain(bundles, history, none, { newest: 1, rollbacks: 2 });
    assert.deepEqual(
      [...kept],
      [
        ['b', 'a rollback can reach it'],
        ['c', 'a rollback can reach it'],
        ['d', 'it serves'],
        ['e', 'one of the 1 newest'],
      ],
    );
    assert.deepEqual(pruned, ['a']);
  });

  it('lets go of a bundle from which was rolled back: no rollback leads to it', () => {
    const bundles = [made('a', 1), made('b', 2), made('c', 3)];
    const history = [deployed('a'), deployed('b'), deployed('a', 'rollback')];
    assert.deepEqual(retain(bundles, history, none, { newest: 1, rollbacks: 5 }).pruned, ['b']);
  });

  it('keeps what something refers to', () => {
    const references = new Map([['a', 'a run waits with it']]);
    const { kept } = retain([made('a', 1), made('b', 2)], [], references, { newest: 1, rollbacks: 5 });
    assert.equal(kept.get('a'), 'a run waits with it');
  });

  it('never lets go of one that is needed, whatever the history', () => {
    const next = random(7, 'retention');
    const pick = (most: number) => Math.floor(next() * most);
    let rollbacksSeen = 0;
    let prunedInAll = 0;
    for (let round = 0; round < 300; round++) {
      const versions = Array.from({ length: 1 + pick(20) }, (_, place) => `v${place}`);
      const bundles = versions.map((version) => made(version, 1 + pick(28)));
      const history: Deployment[] = [];
      for (let step = pick(40); step > 0; step--) {
        const back = previousVersion(history);
        if (back !== null && next() < 0.4) history.push(deployed(back, 'rollback'));
        else history.push(deployed(versions[pick(versions.length)] ?? ''));
      }
      const references = new Map(versions.filter(() => next() < 0.2).map((one) => [one, 'needed']));
      const rule = { newest: 1 + pick(5), rollbacks: pick(6) };
      const { kept, pruned } = retain(bundles, history, references, rule);

      assert.deepEqual([...kept.keys(), ...pruned].sort(), [...versions].sort());
      for (const version of references.keys()) assert.ok(kept.has(version));
      const champion = history.at(-1)?.version;
      if (champion) assert.ok(kept.has(champion));
      // Goes back as people would, one rollback after the other.
      const walked = [...history];
      for (let step = 0; step < rule.rollbacks; step++) {
        const back = previousVersion(walked);
        if (back === null) break;
        assert.ok(kept.has(back), `round ${round}: rollback ${step + 1} finds ${back} pruned`);
        walked.push(deployed(back, 'rollback'));
        rollbacksSeen++;
      }
      assert.ok(kept.size >= Math.min(rule.newest, versions.length));
      const why = rule.newest + rule.rollbacks + 1 + references.size;
      assert.ok(kept.size <= why, 'more is kept than there are reasons for');
      prunedInAll += pruned.length;
    }
    assert.ok(rollbacksSeen > 100 && prunedInAll > 500);
  });
});
