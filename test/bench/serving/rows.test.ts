import { strict as assert } from 'node:assert';
import { longestWait } from '../../../bench/serving/overload.ts';
import { beside, count, failed, refused, under } from '../../../bench/serving/rows.ts';

describe('a row of the serving benchmark', () => {
  it('meets a target that is a share of the peer’s', () => {
    assert.equal(beside('p50', 'ms', [40, 100], { most: 0.4 }).ok, true);
    assert.equal(beside('p50', 'ms', [41, 100], { most: 0.4 }).ok, false);
    assert.equal(beside('throughput', '/s', [39, 10], { least: 4 }).ok, false);
    assert.equal(beside('throughput', '/s', [40, 10], { least: 4 }).ok, true);
    assert.equal(beside('CPU', 'ms', [40, 10]).ok, true);
  });

  it('misses its target where a side was not measured', () => {
    for (const pair of [
      [Number.NaN, 1],
      [1, Number.NaN],
    ] as const) {
      assert.equal(beside('p50', 'ms', pair, { most: 0.4 }).ok, false);
      assert.equal(beside('throughput', '/s', pair, { least: 4 }).ok, false);
    }
    assert.equal(under('p99', 'ms', Number.NaN, 10).ok, false);
  });

  it('counts failures, but not those who are told to come again', () => {
    const outcome = { sent: 9, seconds: 1, milliseconds: [], failures: [] };
    const outcomes = [{ ...outcome, answers: { 200: 5, 503: 2, 500: 1, ECONNRESET: 1 } }];
    assert.deepEqual([failed({ outcomes }), refused({ outcomes })], [2, 2]);
    assert.equal(
      count(outcomes, () => true),
      9,
    );
    assert.equal(under('failures', '', failed({ outcomes }), 0).ok, false);
  });

  it('bounds a wait by the queue before it, and by the deadline', () => {
    assert.equal(longestWait(64, 80), 1500);
    assert.equal(longestWait(64, 1), 10_000);
  });
});
