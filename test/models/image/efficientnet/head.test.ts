import assert from 'node:assert/strict';
import { predictHead, scaleRows } from '../../../../models/image/efficientnet/head.ts';

/** Two classes by three features. */
const model = { weights: Float32Array.from([9, 0, 0, 0, 9, 0]), bias: new Float32Array(2) };

describe('the head on picture features', () => {
  it('gives each picture probabilities of its own', () => {
    const features = Float32Array.from([1, 0, 0.1, 0, 1, 0.1]);
    const [first, second, third, fourth] = predictHead(model, features);
    assert.ok(first! > 0.99 && fourth! > 0.99);
    assert.ok(Math.abs(first! + second! - 1) < 1e-6 && Math.abs(third! + fourth! - 1) < 1e-6);
  });

  it('sees no difference in brightness, leaves the features as they were, and bears zeros', () => {
    const dim = Float32Array.from([1, 0.5, 0]);
    assert.deepEqual(predictHead(model, Float32Array.from([8, 4, 0])), predictHead(model, dim));
    assert.deepEqual([...dim], [1, 0.5, 0]);
    assert.deepEqual([...predictHead(model, new Float32Array(3))], [0.5, 0.5]);
  });

  it('scales rows to length 1', () => {
    const rows = Float32Array.from([3, 4, 0, 0]);
    scaleRows(rows, 2);
    assert.deepEqual([...rows], [...Float32Array.from([0.6, 0.8, 0, 0])]);
  });
});
