import assert from 'node:assert/strict';
import { suspectedLabelErrors } from '../../../../models/evaluation/insight/label-errors.ts';
import { CLASSES } from '../../../../models/evaluation/rows.ts';

type Sure = Readonly<Record<number, number>>;

/** Rows as [given class, probabilities of some classes]; the rest is spread over the others. */
function answers(...rows: readonly (readonly [number, Sure])[]) {
  const probabilities = new Float32Array(rows.length * CLASSES);
  rows.forEach(([, sure], at) => {
    const named = Object.values(sure).reduce((sum, value) => sum + value, 0);
    const rest = (1 - named) / (CLASSES - Object.keys(sure).length);
    for (let label = 0; label < CLASSES; label++) probabilities[at * CLASSES + label] = sure[label] ?? rest;
  });
  return { rows: [...rows.keys()], labels: Uint8Array.from(rows, ([label]) => label), probabilities };
}

describe('suspected label errors', () => {
  it('are rows that are another class more surely than that class usually is', () => {
    const found = suspectedLabelErrors(
      answers([0, { 0: 0.9 }], [0, { 0: 0.8 }], [1, { 1: 0.9 }], [1, { 0: 0.95, 1: 0.02 }], [0, { 1: 0.3 }]),
    );
    assert.deepEqual(
      found.map(({ at, given, suggested }) => ({ at, given, suggested })),
      [{ at: 3, given: 1, suggested: 0 }],
    );
    assert.ok(Math.abs(found[0]!.suggestedProbability - 0.95) < 1e-6);
    assert.ok(Math.abs(found[0]!.givenProbability - 0.02) < 1e-6);
  });

  it('believe a class that the model is never sure of with less', () => {
    const unsure: Sure = { 2: 0.4 };
    const sureClass = [0, { 0: 0.95 }] as const;
    const found = suspectedLabelErrors(
      // 0.45 is much for class 2 and little for class 0.
      answers(
        [2, unsure],
        [2, unsure],
        sureClass,
        sureClass,
        [3, { 2: 0.45 }],
        [3, { 0: 0.45 }],
        [3, { 3: 1 }],
      ),
    );
    assert.deepEqual(
      found.map(({ at, suggested }) => [at, suggested]),
      [[4, 2]],
    );
  });

  it('leave a row alone whose given class is the most probable, be it below its own threshold', () => {
    const found = suspectedLabelErrors(
      answers([0, { 0: 0.99 }], [0, { 0: 0.99 }], [0, { 0: 0.5, 1: 0.4 }], [1, { 1: 0.3 }], [1, { 1: 0.3 }]),
    );
    assert.deepEqual(found, []);
  });

  it('come widest margin first', () => {
    const usual = [1, { 1: 0.6 }] as const;
    const found = suspectedLabelErrors(
      answers(
        usual,
        usual,
        usual,
        [0, { 1: 0.7, 0: 0.2 }],
        [0, { 1: 0.9, 0: 0.05 }],
        [0, { 0: 1 }],
        [0, { 1: 0.7 }],
      ),
    );
    assert.deepEqual(
      found.map(({ at }) => at),
      [4, 6, 3],
    );
  });

  it('are none where there are no rows', () => {
    assert.deepEqual(suspectedLabelErrors(answers()), []);
  });
});
