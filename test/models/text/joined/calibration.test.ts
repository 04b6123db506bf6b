import { strict as assert } from 'node:assert';
import { random } from '../../../../data/random.ts';
import { calibrate, fitCalibration } from '../../../../models/text/joined/calibration.ts';

describe('the calibration of a text model', () => {
  it('finds how much too sure a model is, and how many labels are wrong', () => {
    const next = random(1, 'calibration');
    const [rows, classes, temperature, wrong] = [4000, 4, 2, 0.1];
    const scores = Float32Array.from({ length: rows * classes }, () => 12 * next());
    const honest = calibrate(scores, classes, { temperature, floor: wrong });
    const labels = Array.from({ length: rows }, (_, row) => {
      let left = next();
      const label = honest.subarray(row * classes, (row + 1) * classes).findIndex((one) => {
        left -= one;
        return left < 0;
      });
      return Math.max(label, 0);
    });
    for (const judged of ['labels', 'answers'] as const) {
      const found = fitCalibration(scores, labels, classes, judged);
      assert.ok(
        Math.abs(found.temperature - temperature) < 0.25,
        `${judged}: temperature ${found.temperature}`,
      );
      assert.ok(Math.abs(found.floor - wrong) < 0.04, `${judged}: floor ${found.floor}`);
    }
  });

  it('gives probabilities, and changes nothing that it knows nothing of', () => {
    const scores = Float32Array.of(3, 1, 0);
    const sum = calibrate(scores, 3, { temperature: 0.5, floor: 0.2 }).reduce((total, one) => total + one);
    assert.ok(Math.abs(sum - 1) < 1e-6);
    assert.deepEqual(fitCalibration(scores, [], 3, 'labels'), { temperature: 1, floor: 0 });
  });
});
