import { strict as assert } from 'node:assert';
import { random } from '../../../data/random.ts';
import { bootstrap, compareAnswers, f1Interval, weightedF1 } from '../../../models/evaluation/bootstrap.ts';
import { CLASSES } from '../../../models/evaluation/rows.ts';

const next = random(5);
const LABELS = Int32Array.from({ length: 400 }, () => Math.floor(next() * CLASSES));
/** Right in `share` of the rows, else the class beside it. */
const answers = (share: number) => LABELS.map((label) => (next() < share ? label : (label + 1) % CLASSES));

describe('bootstrap intervals', () => {
  it('hold a mean as wide as its standard error says', () => {
    const values = Float64Array.from({ length: 400 }, () => next());
    const { low, high } = bootstrap(
      400,
      (rows) => rows.reduce((sum, row) => sum + (values[row] ?? 0), 0) / 400,
    );
    // A uniform number's standard deviation is 0.289; 1.96 standard errors to both sides of the mean.
    assert.ok(Math.abs(high - low - (2 * 1.96 * 0.289) / 20) < 0.01, `${low} to ${high}`);
    const mean = values.reduce((sum, value) => sum + value, 0) / 400;
    assert.ok(low < mean && mean < high);
  });

  it('are the same at every call', () => {
    const some = answers(0.7);
    assert.deepEqual(f1Interval(LABELS, some), f1Interval(LABELS, some));
  });

  it('tell a clear lead from none', () => {
    const [good, bad] = [answers(0.8), answers(0.6)];
    assert.ok(compareAnswers(LABELS, good, bad).lead.low > 0);
    assert.deepEqual(compareAnswers(LABELS, good, good).lead, { low: 0, high: 0 });
    assert.ok(weightedF1(LABELS, good) > weightedF1(LABELS, bad));
  });

  it('tell which code fell, and let the others be', () => {
    const answered = answers(0.8);
    const blind = answered.map((answer, row) => (LABELS[row] === 3 ? 4 : answer));
    const fallen = compareAnswers(LABELS, blind, answered).codes.flatMap(({ high }, code) =>
      high < 0 ? [code] : [],
    );
    assert.deepEqual(fallen, [3]);
  });
});
