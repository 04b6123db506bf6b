import assert from 'node:assert/strict';
import { random } from '../../../data/random.ts';
import { calibrationError, reliabilityOf } from '../../../models/evaluation/calibration.ts';
import { CLASSES, topClass } from '../../../models/evaluation/rows.ts';
import { calibrate, fuse } from '../../../models/fusion/calibration.ts';

const ROWS = 2_000;

/** Two models that are each right about 7 times in 10 where they say so, and err apart from each other. */
function twoModels() {
  const next = random(3, 'calibration');
  const labels = Array.from({ length: ROWS }, () => Math.floor(next() * CLASSES));
  const model = () => {
    const probabilities = new Float32Array(ROWS * CLASSES).fill(0.3 / (CLASSES - 1));
    labels.forEach((label, row) => {
      const said = next() < 0.7 ? label : Math.floor(next() * CLASSES);
      probabilities[row * CLASSES + said] = 0.7;
    });
    return probabilities;
  };
  const all = new Uint8Array(ROWS).fill(1);
  return { text: model(), image: model(), hasText: all, hasPicture: all, labels };
}

describe('calibration of the fused answer', () => {
  const scores = twoModels();
  const before = fuse(scores, { textWeight: 0.5, temperature: 1 });
  const temperature = calibrate(scores, 0.5);
  const after = fuse(scores, { textWeight: 0.5, temperature });
  const error = (fused: Float32Array) => calibrationError(reliabilityOf(fused, scores.labels));

  it('sharpens the average of two models, which is too unsure', () => {
    assert.ok(temperature < 1, `${temperature}`);
    assert.ok(error(after) < error(before) / 2, `${error(before)} before, ${error(after)} after`);
  });

  it('changes no answer, and each row still sums to 1', () => {
    for (let row = 0; row < ROWS; row++) {
      assert.equal(topClass(after, row), topClass(before, row));
      const sum = after
        .subarray(row * CLASSES, (row + 1) * CLASSES)
        .reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5);
    }
  });

  it('leaves a row of which nothing is known uniform', () => {
    const nothing = { ...scores, hasText: new Uint8Array(ROWS), hasPicture: new Uint8Array(ROWS) };
    const fused = fuse(nothing, { textWeight: 0.5, temperature: 0.3 });
    assert.ok(fused.every((value) => Math.abs(value - 1 / CLASSES) < 1e-6));
  });

  it('bears probabilities of 0', () => {
    const certain = new Float32Array(CLASSES);
    certain[4] = 1;
    const one = { text: certain, image: certain, hasText: [1], hasPicture: [1] };
    const fused = fuse(one, { textWeight: 0.5, temperature: 2 });
    assert.ok(fused.every(Number.isFinite));
    assert.equal(topClass(fused, 0), 4);
  });
});
