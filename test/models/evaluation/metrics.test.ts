import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { metricsSchema } from '../../../models/bundle/format.ts';
import { evaluate } from '../../../models/evaluation/metrics.ts';

type Figures = Record<string, number>;

/** Made by test/fixtures/evaluation/make.py with scikit-learn. */
const { input, expected } = JSON.parse(
  readFileSync(new URL('../../fixtures/evaluation/metrics.json', import.meta.url), 'utf8'),
);

const evaluation = evaluate({
  text: Float32Array.from(input.text),
  image: Float32Array.from(input.image),
  fused: Float32Array.from(input.fused),
  hasText: input.hasText,
  hasPicture: input.hasPicture,
  labels: input.labels,
});

function assertClose(actual: Figures, wanted: Figures): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(wanted).sort());
  for (const [name, value] of Object.entries(wanted)) {
    assert.ok(Math.abs(actual[name]! - value) < 1e-6, `${name}: ${actual[name]} instead of ${value}`);
  }
}

describe('evaluation', () => {
  for (const part of ['text', 'image', 'fused'] as const) {
    it(`scores ${part} as scikit-learn does, on the rows that it applies to`, () => {
      assertClose(evaluation.metrics[part], expected[part]);
    });
  }

  it('gives precision, recall, F1 and support of every code as scikit-learn does', () => {
    for (const figure of ['precision', 'recall', 'f1', 'support'] as const) {
      const ours = evaluation.perCode.map((scores) => scores[figure]);
      assertClose(Object.fromEntries(ours.entries()), Object.fromEntries(expected[figure].entries()));
    }
  });

  it('counts actual codes down and predicted codes across', () => {
    assert.deepEqual(evaluation.confusionMatrix, expected.confusionMatrix);
  });

  it('names the pairs that were confused, most frequent first, with their share of the actual code', () => {
    const counts = evaluation.confusions.map(({ count }) => count);
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => b - a),
    );
    const wrong = evaluation.metrics.n * (1 - evaluation.metrics.fused.accuracy);
    assert.equal(
      counts.reduce((a, b) => a + b),
      Math.round(wrong),
    );
    for (const { actual, count, share } of evaluation.confusions) {
      const support = evaluation.perCode.find(({ code }) => code === actual)!.support;
      assert.equal(share, count / support);
    }
  });

  it('measures the expected calibration error in 15 equal bins', () => {
    assertClose({ ece: evaluation.metrics.ece }, { ece: expected.ece });
    const filled = evaluation.reliability.filter(({ n }) => n > 0);
    assert.deepEqual([evaluation.reliability.length, filled.length > 5], [15, true]);
    for (const { from, to, confidence } of filled) assert.ok(from < confidence && confidence <= to + 1e-7);
  });

  it('knows what always answering the most frequent code would score', () => {
    assertClose(evaluation.baseline, expected.baseline);
  });

  it('gives zeros, not NaN, when no row has a picture or there are no rows', () => {
    const zeros = { n: 0, accuracy: 0, weightedF1: 0, macroF1: 0 };
    const blind = evaluate({
      text: Float32Array.from(input.text),
      image: Float32Array.from(input.image),
      fused: Float32Array.from(input.fused),
      hasText: input.hasText,
      hasPicture: input.labels.map(() => 0),
      labels: input.labels,
    });
    assert.deepEqual(blind.metrics.image, zeros);
    const none = new Float32Array(0);
    const empty = evaluate({ text: none, image: none, fused: none, hasText: [], hasPicture: [], labels: [] });
    assert.deepEqual(empty.metrics, { n: 0, text: zeros, image: zeros, fused: zeros, ece: 0 });
  });

  it('puts a certain answer in the last bin', () => {
    const certain = new Float32Array(27);
    certain[4] = 1;
    const one = evaluate({
      text: certain,
      image: certain,
      fused: certain,
      hasText: [1],
      hasPicture: [1],
      labels: [4],
    });
    assert.deepEqual(one.reliability.at(-1), { from: 14 / 15, to: 1, n: 1, confidence: 1, accuracy: 1 });
  });

  it('refuses scores and labels of different rows', () => {
    const wrong = () => evaluate({ ...input, text: new Float32Array(27), labels: input.labels });
    assert.throws(wrong, { code: 'SCORES_SHAPE_INVALID', message: /text/ });
  });

  it('has metrics that fit bundle.json', () => {
    assert.deepEqual(metricsSchema.parse(evaluation.metrics), evaluation.metrics);
  });
});
