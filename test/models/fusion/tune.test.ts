import assert from 'node:assert/strict';
import { random } from '../../../data/random.ts';
import { calibrationError, reliabilityOf } from '../../../models/evaluation/calibration.ts';
import { CLASSES, topClass } from '../../../models/evaluation/rows.ts';
import { type FusionKind, fuse } from '../../../models/fusion/fuse.ts';
import { tune } from '../../../models/fusion/tune.ts';

const ROWS = 600;
const KINDS: readonly FusionKind[] = ['convex', 'log-linear'];

/** Two models that err apart from each other; each says how often it is right. */
function twoModels(textIsRight: number, imageIsRight: number) {
  const next = random(3, 'calibration');
  const labels = Array.from({ length: ROWS }, () => Math.floor(next() * CLASSES));
  const model = (right: number) => {
    const probabilities = new Float32Array(ROWS * CLASSES).fill((1 - right) / (CLASSES - 1));
    labels.forEach((label, row) => {
      const other = (label + 1 + Math.floor(next() * (CLASSES - 1))) % CLASSES;
      probabilities[row * CLASSES + (next() < right ? label : other)] = right;
    });
    return probabilities;
  };
  const all = new Uint8Array(ROWS).fill(1);
  return { text: model(textIsRight), image: model(imageIsRight), hasText: all, hasPicture: all, labels };
}

const accuracyOf = (fused: Float32Array, labels: readonly number[]) =>
  labels.filter((label, row) => topClass(fused, row) === label).length / labels.length;

for (const kind of KINDS) {
  describe(`tuning a ${kind} fusion`, () => {
    const scores = twoModels(0.7, 0.5);
    const tuned = tune(scores, kind);
    const fused = fuse(scores, tuned);

    it('gives answers at least as good as either model, and says how good', () => {
      assert.ok(tuned.accuracy >= accuracyOf(scores.text, scores.labels));
      assert.ok(tuned.accuracy >= accuracyOf(scores.image, scores.labels));
      assert.equal(tuned.accuracy, accuracyOf(fused, scores.labels));
      assert.equal(tuned.rows, ROWS);
    });

    it('makes confidence match how often the answer is right', () => {
      const uncalibrated = fuse(scores, { ...tuned, temperature: 1 });
      const error = (answers: Float32Array) => calibrationError(reliabilityOf(answers, scores.labels));
      assert.ok(error(fused) < error(uncalibrated) / 2, `${error(fused)} of ${error(uncalibrated)}`);
    });

    it('calibrates text alone and picture alone on rows that have both, where hardly any has one alone', () => {
      const unsure = { ...scores, text: scores.text.map((value) => Math.sqrt(value)) };
      for (let row = 0; row < ROWS; row++) {
        const own = unsure.text.subarray(row * CLASSES, (row + 1) * CLASSES);
        const total = own.reduce((sum, value) => sum + value, 0);
        own.forEach((value, at) => {
          own[at] = value / total;
        });
      }
      const { textTemperature, imageTemperature } = tune(unsure, kind);
      // They were honest before the square root.
      assert.ok(Math.abs(textTemperature - 0.5) < 0.05, `${textTemperature}`);
      assert.ok(Math.abs(imageTemperature - 1) < 0.1, `${imageTemperature}`);
    });

    it('calibrates text alone on rows without a picture, where there are enough', () => {
      const half = Uint8Array.from({ length: ROWS }, (_, row) => row % 2);
      const wrong = scores.labels.map((label, row) =>
        half[row] ? label : (label + 1 + (row % 26)) % CLASSES,
      );
      const found = tune({ ...scores, hasPicture: half, labels: wrong }, kind);
      assert.ok(found.textTemperature > 2, 'text alone is nearly always wrong');
      assert.ok(found.temperature < 1, 'both together are right');
    });

    it('looks only at rows that have both for the weight', () => {
      const half = Uint8Array.from({ length: ROWS }, (_, row) => row % 2);
      const wrong = scores.labels.map((label, row) => (half[row] ? label : (label + 1) % CLASSES));
      const found = tune({ ...scores, hasPicture: half, labels: wrong }, kind);
      assert.equal(found.rows, ROWS / 2);
      assert.ok(found.accuracy > 0.6);
    });

    it('lets text decide, and says so, when no row has both', () => {
      const none = tune({ ...scores, hasPicture: new Uint8Array(ROWS) }, kind);
      assert.deepEqual([none.textWeight, none.rows, none.curve], [1, 0, []]);
      assert.equal(none.imageTemperature, 1);
      assert.match(none.note!, /not tuned/);
    });

    it('draws accuracy over 101 weights, from the picture alone to the text alone', () => {
      assert.equal(tuned.curve.length, 101);
      assert.equal(tuned.curve[0]?.accuracy, accuracyOf(scores.image, scores.labels));
      assert.equal(tuned.curve[100]?.accuracy, accuracyOf(scores.text, scores.labels));
    });

    it('bears rows that every weight gets right, and rows that none does', () => {
      const right = tune(
        { ...scores, labels: scores.labels.map((_, row) => topClass(scores.text, row)) },
        kind,
      );
      const wrong = tune({ ...scores, image: scores.text, labels: scores.labels.map(() => 26) }, kind);
      for (const { textWeight, temperature } of [right, wrong]) {
        assert.ok(textWeight >= 0 && textWeight <= 1);
        assert.ok(temperature > 0 && Number.isFinite(temperature));
      }
    });
  });
}

describe('the weight of a log-linear fusion', () => {
  it('is smaller for a model that claims more than it knows; honest ones count alike', () => {
    const scores = twoModels(0.7, 0.5);
    const weightOf = (claim: number) => {
      const claimed = scores.image.map((value, at) => {
        const from = at - (at % CLASSES);
        const own = scores.image.subarray(from, from + CLASSES);
        return value ** claim / own.reduce((sum, one) => sum + one ** claim, 0);
      });
      return tune({ ...scores, image: claimed }, 'log-linear').textWeight;
    };
    assert.ok(Math.abs(weightOf(1) - 0.5) < 0.03, `${weightOf(1)}`);
    // Exponents 1 and 1/3: three quarters.
    assert.ok(Math.abs(weightOf(3) - 0.75) < 0.03, `${weightOf(3)}`);
  });

  it('is one half when both say the same', () => {
    const scores = twoModels(0.7, 0.5);
    const { textWeight } = tune({ ...scores, image: scores.text }, 'log-linear');
    assert.ok(Math.abs(textWeight - 0.5) < 1e-6);
  });
});

describe('the weight of a convex fusion', () => {
  const row = (index: number, sure: number) =>
    Array.from({ length: CLASSES }, (_, column) => (column === index ? sure : (1 - sure) / (CLASSES - 1)));
  /** Text is right on row 0 and image on row 1; both are right only for weights in between. */
  const text = Float32Array.from([...row(0, 0.6), ...row(9, 0.5)]);
  const image = Float32Array.from([...row(9, 0.4), ...row(1, 0.9)]);
  const flags = { hasText: [1, 1], hasPicture: [1, 1] };

  it('is the first of best accuracy, as in the original', () => {
    const tuned = tune({ text, image, ...flags, labels: [0, 1] }, 'convex');
    assert.equal(tuned.accuracy, 1);
    const perfect = tuned.curve.filter(({ accuracy }) => accuracy === 1);
    assert.ok(perfect.length > 1, 'several weights tie');
    assert.equal(tuned.textWeight, perfect[0]?.textWeight);
    assert.equal(tune({ text, image: text, ...flags, labels: [0, 1] }, 'convex').textWeight, 0);
  });
});
