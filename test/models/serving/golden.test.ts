import assert from 'node:assert/strict';
import type { PredictOutcome } from '../../../models/runtime/jobs.ts';
import { checkGolden } from '../../../models/serving/golden.ts';

const BUNDLE = { labels: [10, 20], version: '0123456789abcdef' };
const products = [
  { quick: [0.6, 0.4], float: [0.61, 0.39] },
  { quick: [0.2, 0.8], float: [0.19, 0.81] },
];
const golden = {
  products: [],
  expected: products.map(({ quick, float }, index) => ({
    ...{ designation: `product ${index}`, description: '', picture: null },
    ...{ probabilities: quick, floatProbabilities: float },
  })),
};
const answers = (rows: readonly (readonly number[])[]): PredictOutcome[] =>
  rows.map((row) => ({ probabilities: Float32Array.from(row), text: null, image: null, features: null }));
const check = (rows: readonly (readonly number[])[]) => checkGolden(BUNDLE, golden, answers(rows));
const MISMATCH = { code: 'BUNDLE_GOLDEN_MISMATCH' };

describe('the golden products of a bundle with a quicker engine', () => {
  it('may be answered by that engine, or by the float engine that stands in for it', () => {
    check(products.map(({ quick }) => quick));
    check(products.map(({ float }) => float));
  });

  it('may not be answered by some of both, or otherwise', () => {
    assert.throws(() => check([products[0]!.quick, products[1]!.float]), MISMATCH);
    assert.throws(() => check([[0.7, 0.3], products[1]!.float]), MISMATCH);
    assert.throws(() => check([[Number.NaN, 0.4], products[1]!.float]), MISMATCH);
  });
});
