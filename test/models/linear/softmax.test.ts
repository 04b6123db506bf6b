import assert from 'node:assert/strict';
import { random } from '../../../data/random.ts';
import { fitSoftmax } from '../../../models/linear/softmax.ts';

const SIZE = 5;
const CLASSES = 3;
const ROWS = 31;

describe('logistic regression on picked rows', () => {
  const next = random(1, 'softmax');
  const features = Float32Array.from({ length: ROWS * SIZE }, () => next());
  const labels = Array.from({ length: ROWS }, () => Math.floor(next() * CLASSES));
  const options = { size: SIZE, classes: CLASSES, c: 10, balanced: true, tolerance: 1e-6, iterations: 200 };

  for (const count of [1, 4, 6, 31]) {
    it(`learns from ${count} of ${ROWS} rows as from those alone`, () => {
      const picks = Uint32Array.from({ length: count }, (_, at) => (at * 7) % ROWS);
      const own = Array.from(picks, (row) => labels[row] as number);
      const alone = Float32Array.from(
        [...picks].flatMap((row) => [...features.subarray(row * SIZE, (row + 1) * SIZE)]),
      );
      assert.deepEqual(
        fitSoftmax({ ...options, features, picks, labels: own }),
        fitSoftmax({ ...options, features: alone, labels: own }),
      );
    });
  }
});
