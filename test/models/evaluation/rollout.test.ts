import { strict as assert } from 'node:assert';
import { type Observed, reasonToGoBack, rolloutRule } from '../../../models/evaluation/rollout.ts';

const rule = rolloutRule.parse({});
const seen = (more: Partial<Observed>): Observed => ({
  ...{ answered: 200, failed: 0, disagreed: 0, milliseconds: 40, championMilliseconds: 30 },
  ...more,
});

describe('a bundle on trial goes back', () => {
  for (const [what, observed, changed, reason] of [
    [
      'when it fails',
      { failed: 3 },
      {},
      /^3 of 203 requests failed, and 1 % may; the champion answered them\.$/,
    ],
    [
      'at its first failure, when it has answered nothing',
      { answered: 0, failed: 1 },
      {},
      /^1 of 1 requests/,
    ],
    [
      'when it is slow',
      { milliseconds: 200, championMilliseconds: 50 },
      {},
      /^Its 95th percentile is 200 ms, more than 3 times the champion's 50 ms\.$/,
    ],
    [
      'when it answers otherwise than it may',
      { disagreed: 61 },
      { disagreement: 0.3 },
      /^It answered 61 of 200 requests with another code than the champion, and 30 % may differ\.$/,
    ],
  ] as const) {
    it(what, () => assert.match(reasonToGoBack(seen(observed), { ...rule, ...changed }) ?? '', reason));
  }
});

describe('a bundle on trial may stay', () => {
  for (const [what, observed] of [
    ['while nobody asked it anything', { answered: 0, milliseconds: null }],
    ['when a hundredth fails', { answered: 198, failed: 2 }],
    ['when it is slower by what nobody notices', { milliseconds: 99, championMilliseconds: 1 }],
    [
      'when it is slow, but not much slower than the champion',
      { milliseconds: 900, championMilliseconds: 300 },
    ],
    ['when there are too few answers for a percentile', { answered: 4, milliseconds: 1e6 }],
    ['when the champion was asked nothing', { milliseconds: 1e6, championMilliseconds: null }],
    ['whatever it answers, where any disagreement is allowed', { disagreed: 200 }],
  ] as const) {
    it(what, () => assert.equal(reasonToGoBack(seen(observed), rule), null));
  }
});
