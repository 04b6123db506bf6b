import assert from 'node:assert/strict';
import { topClass } from '../../../models/evaluation/rows.ts';
import { type Fusion, type FusionKind, fuse } from '../../../models/fusion/fuse.ts';

/** `sure` of class `index`, the rest shared by the other classes. */
function row(index: number, sure: number): number[] {
  return Array.from({ length: 27 }, (_, column) => (column === index ? sure : (1 - sure) / 26));
}

const rows = (...list: number[][]) => Float32Array.from(list.flat());
const sumOf = (fused: Float32Array) => fused.reduce((total, value) => total + value, 0);
const fusion = (kind: FusionKind, textWeight: number, more: Partial<Fusion> = {}): Fusion => ({
  ...{ kind, textWeight, temperature: 1, textTemperature: 1, imageTemperature: 1 },
  ...more,
});
const both = { hasText: [1], hasPicture: [1] };

describe('convex fusion', () => {
  it('is the weighted mean of what text and image say', () => {
    const fused = fuse(
      { text: rows(row(3, 0.8)), image: rows(row(5, 0.6)), ...both },
      fusion('convex', 0.25),
    );
    assert.ok(Math.abs(fused[3]! - (0.25 * 0.8 + 0.75 * (0.4 / 26))) < 1e-7);
    assert.ok(Math.abs(fused[5]! - (0.25 * (0.2 / 26) + 0.75 * 0.6)) < 1e-7);
    assert.ok(Math.abs(sumOf(fused) - 1) < 1e-6);
  });
});

describe('log-linear fusion', () => {
  it('is the weighted geometric mean, scaled to sum to 1', () => {
    const fused = fuse(
      { text: rows(row(3, 0.8)), image: rows(row(5, 0.6)), ...both },
      fusion('log-linear', 0.25),
    );
    const [third, fifth, other] = [
      0.8 ** 0.25 * (0.4 / 26) ** 0.75,
      (0.2 / 26) ** 0.25 * 0.6 ** 0.75,
      (0.2 / 26) ** 0.25 * (0.4 / 26) ** 0.75,
    ];
    assert.ok(Math.abs(fused[3]! / third! - fused[0]! / other!) < 1e-5);
    assert.ok(Math.abs(fused[5]! / fifth! - fused[0]! / other!) < 1e-5);
    assert.ok(Math.abs(sumOf(fused) - 1) < 1e-6);
  });

  it('lets the text decide between the two codes that the picture leaves open, where a mean would not', () => {
    const text = rows(Array.from({ length: 27 }, (_, column) => [0.5, 0.3, 0.2][column] ?? 0));
    const image = rows(Array.from({ length: 27 }, (_, column) => [0.001, 0.4, 0.599][column] ?? 0));
    const answer = (kind: FusionKind) => topClass(fuse({ text, image, ...both }, fusion(kind, 0.8)), 0);
    assert.deepEqual([answer('convex'), answer('log-linear')], [0, 1]);
  });

  it('lets no model veto: a code of probability 0 can still win', () => {
    const text = rows(row(4, 1));
    const fused = fuse({ text, image: rows(row(7, 1)), ...both }, fusion('log-linear', 0.9));
    assert.ok(fused.every(Number.isFinite));
    assert.equal(topClass(fused, 0), 4);
  });
});

for (const kind of ['convex', 'log-linear'] as const) {
  describe(`${kind}: what a product does not have`, () => {
    const text = rows(row(3, 0.8), row(3, 0.8), row(3, 0.8));
    const image = rows(row(5, 0.6), row(5, 0.6), row(5, 0.6));
    const flags = { hasText: [1, 0, 0], hasPicture: [0, 1, 0] };

    it('is left out; of nothing comes a uniform row', () => {
      const fused = fuse({ text, image, ...flags }, fusion(kind, 0.25, { temperature: 3 }));
      assert.deepEqual(fused.subarray(0, 27), text.subarray(0, 27));
      assert.deepEqual(fused.subarray(27, 54), image.subarray(0, 27));
      assert.deepEqual(fused.subarray(54), new Float32Array(27).fill(1 / 27));
    });

    it('has a temperature of its own: sharper below 1, softer above', () => {
      const fused = fuse(
        { text, image, ...flags },
        fusion(kind, 0.25, { textTemperature: 0.5, imageTemperature: 2 }),
      );
      assert.ok(fused[3]! > 0.9 && fused[27 + 5]! < 0.5);
      assert.deepEqual([topClass(fused, 0), topClass(fused, 1)], [3, 5]);
      assert.ok(Math.abs(sumOf(fused) - 3) < 1e-5);
    });
  });
}

describe('fusion', () => {
  it('refuses a weight outside 0..1 and arrays of different rows', () => {
    const one = { text: rows(row(0, 1)), image: rows(row(0, 1)), ...both };
    for (const textWeight of [-0.01, 1.01, Number.NaN]) {
      assert.throws(() => fuse(one, fusion('convex', textWeight)), { code: 'FUSION_WEIGHT_INVALID' });
    }
    const uneven = { ...one, image: rows(row(0, 1), row(0, 1)) };
    assert.throws(() => fuse(uneven, fusion('convex', 1)), { code: 'SCORES_SHAPE_INVALID' });
  });
});
