import assert from 'node:assert/strict';
import type { Metrics } from '../../../models/bundle/format.ts';
import { judge } from '../../../models/evaluation/gate.ts';

const scores = (weightedF1: number, n = 200) => ({ n, accuracy: 0.5, weightedF1, macroF1: 0.5 });
const metrics = (weightedF1: number, n = 200): Metrics => ({
  n,
  text: scores(0.9, n),
  image: scores(0.1, n),
  fused: scores(weightedF1, n),
  ece: 0.1,
});
const baseline = scores(0.05);

describe('the gate', () => {
  it('lets a better challenger through and says by how much', () => {
    const verdict = judge({ challenger: metrics(0.72), champion: metrics(0.7), baseline });
    assert.equal(verdict.passed, true);
    assert.match(verdict.reason, /0\.7200 against 0\.7000 on the same 200 test rows \(\+0\.0200\)/);
  });

  it('lets an equal challenger through', () => {
    assert.equal(judge({ challenger: metrics(0.7), champion: metrics(0.7), baseline }).passed, true);
  });

  it('stops a challenger that is worse by anything when no loss is allowed', () => {
    const verdict = judge({ challenger: metrics(0.6999), champion: metrics(0.7), baseline });
    assert.equal(verdict.passed, false);
    assert.match(verdict.reason, /Worse than the champion.*-0\.0001/);
  });

  it('allows a loss up to the tolerance, no further', () => {
    const within = (weightedF1: number) =>
      judge({ challenger: metrics(weightedF1), champion: metrics(0.75), baseline, tolerance: 0.25 });
    assert.equal(within(0.5).passed, true);
    assert.equal(within(0.49).passed, false);
    assert.match(within(0.49).reason, /a loss of 0\.2500 is allowed/);
  });

  it('lets a first model through when it beats always answering the most frequent code', () => {
    const verdict = judge({ challenger: metrics(0.06), champion: null, baseline });
    assert.equal(verdict.passed, true);
    assert.match(verdict.reason, /0\.0600 against 0\.0500/);
  });

  it('stops a first model that only guesses', () => {
    const verdict = judge({ challenger: metrics(0.05), champion: null, baseline });
    assert.equal(verdict.passed, false);
    assert.match(verdict.reason, /Not better than guessing/);
  });

  it('stops a model that was tested on nothing', () => {
    assert.equal(judge({ challenger: metrics(0, 0), champion: metrics(0, 0), baseline }).passed, false);
  });

  it('refuses to compare figures of different rows', () => {
    const unfair = () => judge({ challenger: metrics(0.7, 200), champion: metrics(0.6, 190), baseline });
    assert.throws(unfair, { code: 'GATE_ROWS_DIFFER' });
  });
});
