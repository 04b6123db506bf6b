import assert from 'node:assert/strict';
import { type BothWays, predictHead, trainHead } from '../../../../models/image/efficientnet/head.ts';

const SIZE = 4;
const rows = (...values: number[][]) => Float32Array.from(values.flat());
/** Class 0 shows left or right, class 1 above, class 2 below. */
const LEFT = [1, 0, 0, 0.1];
const RIGHT = [0, 1, 0, 0.1];
const ABOVE = [0.1, 0.1, 1, 0];
const BELOW = [0.1, 0.1, 0, 1];
const TRAINING: BothWays = {
  plain: rows(LEFT, ABOVE, BELOW),
  mirrored: rows(RIGHT, ABOVE, BELOW),
  size: SIZE,
};
const best = (probabilities: Float32Array, row: number) => {
  const own = probabilities.subarray(row * 3, row * 3 + 3);
  return own.indexOf(Math.max(...own));
};

describe('the head on picture features', () => {
  const model = trainHead(TRAINING, [0, 1, 2], 3);

  it('learns from a picture and its mirror image', () => {
    const seen = { plain: rows(RIGHT, ABOVE, BELOW), mirrored: rows(RIGHT, ABOVE, BELOW), size: SIZE };
    const probabilities = predictHead(model, seen);
    assert.deepEqual(
      [0, 1, 2].map((row) => best(probabilities, row)),
      [0, 1, 2],
    );
  });

  it('answers with the mean of both views: probabilities that do not depend on which is the mirror', () => {
    const one = { plain: rows(LEFT), mirrored: rows(BELOW), size: SIZE };
    const other = { plain: rows(BELOW), mirrored: rows(LEFT), size: SIZE };
    const probabilities = predictHead(model, one);
    assert.ok(Math.abs(probabilities.reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
    assert.deepEqual(predictHead(model, other), probabilities);
    assert.notDeepEqual(predictHead(model, { ...one, mirrored: one.plain }), probabilities);
  });

  it('sees no difference in brightness, and bears features of zero', () => {
    const bright = { plain: rows(LEFT.map((value) => value * 8)), mirrored: rows(RIGHT), size: SIZE };
    assert.deepEqual(predictHead(model, bright), predictHead(model, { ...bright, plain: rows(LEFT) }));
    const nothing = { plain: new Float32Array(SIZE), mirrored: new Float32Array(SIZE), size: SIZE };
    assert.ok(predictHead(model, nothing).every(Number.isFinite));
  });

  it('is the same for the same pictures, bit by bit', () => {
    assert.deepEqual(trainHead(TRAINING, [0, 1, 2], 3), model);
  });
});
