import assert from 'node:assert/strict';
import { fuseConvex, tuneConvex } from '../../../models/fusion/convex.ts';

/** One row a call: `sure` of class `index`, the rest shared by the other classes. */
function row(index: number, sure: number): number[] {
  return Array.from({ length: 27 }, (_, column) => (column === index ? sure : (1 - sure) / 26));
}

const rows = (...list: number[][]) => Float32Array.from(list.flat());

describe('convex fusion', () => {
  it('weighs text and image when both are there', () => {
    const fused = fuseConvex({
      text: rows(row(3, 0.8)),
      image: rows(row(5, 0.6)),
      hasText: [1],
      hasPicture: [1],
      textWeight: 0.25,
    });
    assert.ok(Math.abs(fused[3]! - (0.25 * 0.8 + 0.75 * (0.4 / 26))) < 1e-7);
    assert.ok(Math.abs(fused[5]! - (0.25 * (0.2 / 26) + 0.75 * 0.6)) < 1e-7);
    assert.ok(Math.abs(fused.reduce((a, b) => a + b) - 1) < 1e-6);
  });

  it('leaves out what a product does not have', () => {
    const text = rows(row(3, 0.8), row(3, 0.8), row(3, 0.8));
    const image = rows(row(5, 0.6), row(5, 0.6), row(5, 0.6));
    const fused = fuseConvex({ text, image, hasText: [1, 0, 0], hasPicture: [0, 1, 0], textWeight: 0.25 });
    assert.deepEqual(fused.subarray(0, 27), text.subarray(0, 27));
    assert.deepEqual(fused.subarray(27, 54), image.subarray(0, 27));
    assert.deepEqual(fused.subarray(54), new Float32Array(27).fill(1 / 27));
  });

  it('refuses a weight outside 0..1 and arrays of different rows', () => {
    const one = { text: rows(row(0, 1)), image: rows(row(0, 1)), hasText: [1], hasPicture: [1] };
    for (const textWeight of [-0.01, 1.01, Number.NaN]) {
      assert.throws(() => fuseConvex({ ...one, textWeight }), { code: 'FUSION_WEIGHT_INVALID' });
    }
    const uneven = { ...one, image: rows(row(0, 1), row(0, 1)), textWeight: 1 };
    assert.throws(() => fuseConvex(uneven), { code: 'SCORES_SHAPE_INVALID' });
  });
});

describe('tuning the fusion', () => {
  /** Text is right on row 0 and image on row 1; both are right only for weights in between. */
  const text = rows(row(0, 0.6), row(9, 0.5));
  const image = rows(row(9, 0.4), row(1, 0.9));
  const labels = [0, 1];

  it('tries 101 weights and keeps the first of the best', () => {
    const tuned = tuneConvex({ text, image, hasText: [1, 1], hasPicture: [1, 1], labels });
    assert.equal(tuned.curve.length, 101);
    assert.deepEqual([tuned.curve[0]?.textWeight, tuned.curve[100]?.textWeight], [0, 1]);
    assert.equal(tuned.accuracy, 1);
    const perfect = tuned.curve.filter(({ accuracy }) => accuracy === 1);
    assert.ok(perfect.length > 1, 'several weights tie');
    assert.equal(tuned.textWeight, perfect[0]?.textWeight);
    const before = tuned.curve[Math.round(tuned.textWeight * 100) - 1];
    assert.equal(before?.accuracy, 0.5);
  });

  it('keeps weight 0 when every weight is as good, as the original did', () => {
    const tuned = tuneConvex({ text, image: text, hasText: [1, 1], hasPicture: [1, 1], labels });
    assert.equal(tuned.textWeight, 0);
  });

  it('still answers when nothing is ever right', () => {
    const tuned = tuneConvex({ text, image, hasText: [1, 1], hasPicture: [1, 1], labels: [20, 20] });
    assert.deepEqual([tuned.textWeight, tuned.accuracy], [0, 0]);
  });

  it('counts only rows that have both text and picture', () => {
    const tuned = tuneConvex({ text, image, hasText: [1, 1], hasPicture: [0, 1], labels });
    assert.deepEqual([tuned.rows, tuned.textWeight, tuned.accuracy], [1, 0, 1]);
  });

  it('lets text decide, and says so, when no row has both', () => {
    const tuned = tuneConvex({ text, image, hasText: [1, 1], hasPicture: [0, 0], labels });
    assert.deepEqual([tuned.textWeight, tuned.rows, tuned.curve], [1, 0, []]);
    assert.match(tuned.note!, /not tuned/);
  });
});
