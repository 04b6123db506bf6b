import assert from 'node:assert/strict';
import { random } from '../../../data/random.ts';
import { binEdges, binOf } from '../../../models/drift/bins.ts';
import { jensenShannon, kolmogorovSmirnov, stabilityIndex } from '../../../models/drift/distances.ts';
import { whiten, whiteningOf } from '../../../models/drift/whitening.ts';

const close = (actual: number, expected: number, tolerance = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

describe('distances of two samples', () => {
  it('are what they are elsewhere, half a row in each cell aside', () => {
    const [then, now] = [
      [400_000, 300_000, 300_000],
      [200_000, 300_000, 500_000],
    ];
    // 0.2 ln 2 + 0.2 ln (5/3); scipy.spatial.distance.jensenshannon(.., base=2) ** 2.
    close(stabilityIndex(then, now), 0.2 * Math.log(2) + 0.2 * Math.log(5 / 3), 1e-5);
    close(jensenShannon(then, now), 0.042742, 1e-5);
    close(kolmogorovSmirnov(then, now), 0.2);
  });

  it('are 0 for the same shares and never infinite', () => {
    close(stabilityIndex([10, 20], [10, 20]), 0);
    close(jensenShannon([10, 20], [10, 20]), 0);
    close(kolmogorovSmirnov([10, 20], [20, 40]), 0);
    assert.ok(Number.isFinite(stabilityIndex([0, 20], [20, 0])));
    assert.ok(jensenShannon([0, 2000], [2000, 0]) <= 1);
  });
});

describe('bins of equal share', () => {
  it('hold about a twentieth of the values each', () => {
    const next = random(1, 'bins');
    const values = Array.from({ length: 1000 }, () => next());
    const edges = binEdges(values);
    const counts = new Array(edges.length + 1).fill(0);
    for (const value of values) counts[binOf(edges, value)] += 1;
    assert.ok(edges.length >= 18 && edges.length <= 20, `${edges.length}`);
    assert.ok(
      counts.every((count) => count >= 30 && count <= 70),
      counts.join(' '),
    );
  });

  it('tell a value that many share from what lies beyond it', () => {
    const edges = binEdges([...new Array(50).fill(0), ...Array.from({ length: 50 }, (_, at) => at + 1)]);
    assert.equal(binOf(edges, -1), 0);
    assert.equal(binOf(edges, 0), 1);
    assert.equal(binOf(edges, 0.6), 2);
    assert.equal(binEdges(new Array(10).fill(5)).length, 2);
    assert.deepEqual(binEdges([]), []);
  });
});

describe('whitened places', () => {
  const next = random(1, 'whiten');
  const places = Array.from({ length: 500 }, () => {
    const common = next();
    return Array.from({ length: 16 }, (_, axis) => 100 * (common + (axis + 1) * next()));
  });

  it('vary alike on every axis, around 0', () => {
    const found = places.map((place) => whiten(whiteningOf(places), place));
    for (let axis = 0; axis < 16; axis++) {
      const values = found.map((place) => place[axis]!);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      close(mean, 0, 0.01);
      assert.ok(variance > 0.05 && variance < 1.05, `axis ${axis}: ${variance}`);
    }
  });

  it('are numbers even where nothing varies', () => {
    const same = new Array(30).fill(places[0]);
    assert.ok(whiten(whiteningOf(same), places[1]!).every(Number.isFinite));
  });
});
