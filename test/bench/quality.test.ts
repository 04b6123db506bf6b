import { strict as assert } from 'node:assert';
import { halfCoverage } from '../../bench/quality.ts';
import { CLASSES } from '../../models/evaluation/rows.ts';

describe('accuracy on the surer half', () => {
  it('counts the rows with the highest top probability only', () => {
    const row = (answer: number, sureness: number) =>
      Float32Array.from({ length: CLASSES }, (_, at) =>
        at === answer ? sureness : (1 - sureness) / (CLASSES - 1),
      );
    const probabilities = Float32Array.from([...row(0, 0.9), ...row(1, 0.8), ...row(2, 0.3), ...row(3, 0.2)]);
    assert.equal(halfCoverage(probabilities, [0, 1, 9, 9]), 1);
    assert.equal(halfCoverage(probabilities, [0, 9, 2, 3]), 0.5);
  });
});
