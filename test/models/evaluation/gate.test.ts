import assert from 'node:assert/strict';
import { random } from '../../../data/random.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { confusionMatrixOf, scoresOf } from '../../../models/evaluation/classification.ts';
import { type Candidate, type Check, type GateInput, judge } from '../../../models/evaluation/gate.ts';
import { gateRule } from '../../../models/evaluation/gate-rule.ts';
import { CLASSES } from '../../../models/evaluation/rows.ts';

const next = random(11);
const labels = Int32Array.from({ length: 540 }, (_, row) => row % CLASSES);
/** Right in `share` of the rows, else the class beside it. */
const answering = (share: number) => labels.map((label) => (next() < share ? label : (label + 1) % CLASSES));

function candidate(answers: Int32Array, ece = 0.03): Candidate {
  const fused = scoresOf(confusionMatrixOf(labels, (row) => answers[row]));
  return { answers, metrics: { n: labels.length, text: fused, image: fused, fused, ece } };
}

const baseline = scoresOf(confusionMatrixOf(labels, () => 0));
const verdictOn = (input: Partial<GateInput> & Pick<GateInput, 'challenger' | 'champion'>) =>
  judge({ rule: gateRule.parse({}), labels, baseline, milliseconds: 10, ...input });
const failed = (checks: readonly Check[]) => checks.flatMap(({ name, passed }) => (passed ? [] : [name]));

describe('the gate', () => {
  const good = answering(0.85);
  const middling = answering(0.7);

  it('lets a challenger through that is better by more than chance, and says by how much', () => {
    const { passed, reason } = verdictOn({ challenger: candidate(good), champion: candidate(middling) });
    assert.equal(passed, true);
    assert.match(
      reason,
      /^Better than the champion: weighted F1 0\.\d{4} against 0\.\d{4} on the same 540 test rows, a lead of \+0\.\d{4} \(95 % interval \+/,
    );
  });

  it('stops a challenger whose lead is no more than chance', () => {
    const lucky = good.slice();
    const missed = [...labels.keys()].find((row) => good[row] !== labels[row]) ?? 0;
    lucky[missed] = labels[missed] ?? 0;
    const { passed, reason, checks } = verdictOn({
      challenger: candidate(lucky),
      champion: candidate(good),
    });
    assert.equal(passed, false);
    assert.deepEqual(failed(checks), ['lead']);
    assert.match(reason, /^Better than the champion, but by no more than chance/);
  });

  it('stops a worse challenger and an equal one', () => {
    const worse = verdictOn({ challenger: candidate(middling), champion: candidate(good) });
    assert.match(worse.reason, /^Worse than the champion: .* a lead of -0/);
    const equal = verdictOn({ challenger: candidate(good), champion: candidate(good) });
    assert.match(equal.reason, /^Not better than the champion: /);
    assert.deepEqual([worse.passed, equal.passed], [false, false]);
  });

  it('lets an equal one through where the rule allows a loss', () => {
    const rule = gateRule.parse({ lead: -0.01 });
    assert.equal(verdictOn({ challenger: candidate(good), champion: candidate(good), rule }).passed, true);
  });

  it('stops a better challenger that has forgotten a code, and names it', () => {
    const forgetful = good.map((answer, row) => (labels[row] === 5 ? 6 : answer));
    const { passed, reason, checks } = verdictOn({
      challenger: candidate(forgetful),
      champion: candidate(middling),
    });
    assert.equal(passed, false);
    assert.deepEqual(failed(checks), ['codes']);
    assert.match(
      reason,
      new RegExp(`by more than chance: ${TYPE_CODES[5]} \\(F1 0\\.\\d+ to 0\\.0000\\)\\.$`),
    );
  });

  it('stops a better challenger that is less honest about its confidence', () => {
    const against = (ece: number, champion: number) =>
      verdictOn({ challenger: candidate(good, ece), champion: candidate(middling, champion) });
    assert.deepEqual(failed(against(0.121, 0.1).checks), ['calibration']);
    assert.equal(against(0.119, 0.1).passed, true);
    assert.equal(against(0.049, 0.001).passed, true, 'well calibrated is well enough');
  });

  it('stops a challenger that is too slow, the first one too', () => {
    const slow = { challenger: candidate(good), milliseconds: 251 };
    assert.deepEqual(failed(verdictOn({ ...slow, champion: candidate(middling) }).checks), ['latency']);
    assert.match(verdictOn({ ...slow, champion: null }).reason, /^Too slow: a product takes 251\.0 ms/);
  });

  it('tells every reason at once', () => {
    const { reason } = verdictOn({
      challenger: candidate(middling, 0.5),
      champion: candidate(good),
      milliseconds: 1000,
    });
    assert.match(reason, /Worse than the champion.*confidence is less honest.*Too slow/);
  });

  it('lets a first model through when it beats always answering the most frequent code', () => {
    const { passed, reason } = verdictOn({ challenger: candidate(middling), champion: null });
    assert.equal(passed, true);
    assert.match(reason, /^First model: weighted F1 0\.\d{4} against 0\.0\d{3} for always/);
  });

  it('stops a first model that only guesses', () => {
    const guessing = verdictOn({ challenger: candidate(labels.map(() => 0)), champion: null });
    assert.equal(guessing.passed, false);
    assert.match(guessing.reason, /Not better than guessing/);
  });

  it('stops a model that was tested on nothing', () => {
    const none = { answers: [], metrics: { ...candidate(good).metrics, n: 0 } };
    assert.equal(verdictOn({ labels: [], challenger: none, champion: none }).passed, false);
  });

  it('refuses to compare figures of different rows', () => {
    const fewer = { ...candidate(middling), answers: middling.subarray(1) };
    assert.throws(() => verdictOn({ challenger: candidate(good), champion: fewer }), {
      code: 'GATE_ROWS_DIFFER',
    });
  });
});
