import assert from 'node:assert/strict';
import { calibrationOf, estimateAccuracy, measureAccuracy } from '../../../models/drift/accuracy.ts';
import { createReference } from '../../../models/drift/reference.ts';
import { driftReport } from '../../../models/drift/report.ts';
import { featuresOf, streamOf } from './stream.ts';

const judgedOf = (n: number, seed: number) =>
  streamOf(n, seed).map(({ features, code }) => ({
    confidence: features.answer[0] / 1000,
    right: features.code === code,
  }));
const accuracyOf = (judged: readonly { right: boolean }[]) =>
  judged.filter(({ right }) => right).length / judged.length;

describe('the accuracy of answers whose truth nobody knows', () => {
  it('lies in its interval, in 95 of 100 windows or so', () => {
    let inside = 0;
    for (let seed = 0; seed < 100; seed++) {
      const calibration = calibrationOf(judgedOf(400, seed));
      const now = judgedOf(200, 1000 + seed);
      const found = estimateAccuracy(
        calibration,
        now.map(({ confidence }) => confidence),
      )!;
      const truth = accuracyOf(now);
      if (found.low <= truth && truth <= found.high) inside += 1;
    }
    assert.ok(inside >= 88, `${inside} of 100`);
  });

  it('falls when the answers become less sure, as far as the model was honest', () => {
    const calibration = calibrationOf(judgedOf(2000, 1));
    const unsure = judgedOf(2000, 2).filter(({ confidence }) => confidence < 0.7);
    const found = estimateAccuracy(
      calibration,
      unsure.map(({ confidence }) => confidence),
    )!;
    assert.ok(Math.abs(found.value - accuracyOf(unsure)) < 0.06);
    assert.ok(found.high < accuracyOf(judgedOf(2000, 2)));
  });

  it('is not there without labels or without answers', () => {
    assert.equal(estimateAccuracy([], [0.5]), null);
    assert.equal(estimateAccuracy(calibrationOf(judgedOf(100, 1)), []), null);
  });
});

describe('the accuracy of answers that people looked at', () => {
  it('comes with Wilson’s interval', () => {
    const { value, low, high } = measureAccuracy(8, 10)!;
    assert.deepEqual(
      [value, low, high].map((one) => Number(one.toFixed(4))),
      [0.8, 0.4902, 0.9433],
    );
    assert.equal(measureAccuracy(0, 0), null);
  });

  it('warns when it is surely less than on held-out rows, but is no alarm alone', () => {
    const reference = createReference(streamOf(400, 100), { knownWords: '', seed: 1, simulations: 200 });
    const predictions = featuresOf(streamOf(200, 102));
    const checked = (right: number) =>
      driftReport(reference, { from: null, to: null, predictions, checked: { n: 50, right } });
    assert.equal(checked(45).level, 'ok');
    assert.equal(checked(20).level, 'warn');
    assert.equal(checked(20).measuredAccuracy?.value, 0.4);
  });
});
