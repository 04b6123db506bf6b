import assert from 'node:assert/strict';
import { TYPE_CODES } from '../../../../data/type-codes.ts';
import { adviseCodes } from '../../../../models/evaluation/insight/code-advice.ts';
import { confusionsWithExamples } from '../../../../models/evaluation/insight/confusions.ts';
import { errorAfter, fitLearningCurve } from '../../../../models/evaluation/insight/learning-curve.ts';
import { adviceSentence } from '../../../../models/evaluation/insight/sentences.ts';
import { CLASSES } from '../../../../models/evaluation/rows.ts';

const SIZES = [50, 80, 120, 200, 300, 450, 700, 1000, 1500, 2000];

describe('the learning curve', () => {
  it('finds the exponent of codes that follow a power law', () => {
    const curve = fitLearningCurve(SIZES.map((rows) => ({ rows, error: 3 * rows ** -0.3, weight: rows })));
    assert.equal(curve.measured, true);
    assert.ok(Math.abs(curve.low - 0.3) < 1e-6 && Math.abs(curve.high - 0.3) < 1e-6);
  });

  it('widens its range as codes stray from the law', () => {
    const stray = SIZES.map((rows, at) => ({
      rows,
      error: 3 * rows ** -0.3 * (at % 2 ? 1.15 : 0.87),
      weight: rows,
    }));
    const { low, high, measured } = fitLearningCurve(stray);
    assert.equal(measured, true);
    assert.ok(low < 0.3 && high > 0.3 && high - low > 0.05, `${low} to ${high}`);
  });

  it('claims nothing when all codes have about as many rows', () => {
    const alike = SIZES.map((rows, at) => ({ rows: 600 + at, error: 3 * rows ** -0.3, weight: 600 }));
    assert.equal(fitLearningCurve(alike).measured, false);
  });

  it('claims nothing when larger codes are no better', () => {
    const unrelated = SIZES.map((rows, at) => ({ rows, error: at % 2 ? 0.2 : 0.4, weight: rows }));
    assert.equal(fitLearningCurve(unrelated).measured, false);
  });

  it('tells what is left of an error at both ends of the range', () => {
    assert.deepEqual(errorAfter(0.4, 2, { low: 0, high: 1, measured: true }), { best: 0.2, worst: 0.4 });
  });
});

/** Confusion counts of a few codes: [given, predicted, count]. */
function matrixOf(...counts: readonly (readonly [number, number, number])[]): number[][] {
  const matrix = TYPE_CODES.map(() => new Array<number>(CLASSES).fill(0));
  for (const [given, predicted, count] of counts) matrix[given]![predicted] = count;
  return matrix;
}

describe('advice for a code', () => {
  const matrix = matrixOf(
    [0, 0, 96],
    [0, 1, 4],
    [1, 1, 60],
    [1, 2, 30],
    [1, 3, 10],
    [2, 2, 50],
    ...Array.from({ length: 10 }, (_, at) => [2, 10 + at, 5] as const),
    [3, 3, 50],
    [3, 5, 20],
    [4, 4, 2],
  );
  const suspects = TYPE_CODES.map((_, label) => (label === 3 ? 15 : 0));
  const { codes } = adviseCodes({ matrix, suspects, trainingRows: TYPE_CODES.map(() => 600) });

  it('names what would help most', () => {
    assert.deepEqual(
      codes.slice(0, 5).map(({ action }) => action),
      ['fine', 'draw-the-line', 'more-rows', 'check-labels', 'too-few-to-tell'],
    );
  });

  it('names the code that its products are taken for', () => {
    assert.deepEqual(codes[1]!.takenFor, { code: TYPE_CODES[2], count: 30 });
    assert.match(adviceSentence(codes[1]!).en, /30 are taken for 50 Video game accessories/);
    assert.match(adviceSentence(codes[1]!).fr, /30 sont pris pour 50 Accessoires de jeux vidéo/);
    assert.doesNotMatch(adviceSentence(codes[2]!).en, /taken for/);
  });

  it('brackets F1, wider where there are fewer products', () => {
    for (const { f1, f1Interval, support } of codes.slice(0, 5)) {
      const [low, high] = f1Interval;
      assert.ok(low <= f1 && f1 <= high && low >= 0 && high <= 1);
      if (support === 2) assert.ok(high - low > 0.4);
      if (support === 100) assert.ok(high - low < 0.25);
    }
  });

  it('gives a range for twice the rows, never a single figure, and none where nothing is known', () => {
    const { doubled, f1 } = codes[2]!;
    assert.equal(doubled!.rows, 600);
    assert.ok(f1 < doubled!.f1[0] && doubled!.f1[0] < doubled!.f1[1] && doubled!.f1[1] < 1);
    assert.equal(codes[4]!.doubled, null);
    const unknown = adviseCodes({ matrix, suspects, trainingRows: null }).codes[2]!;
    assert.equal(unknown.doubled, null);
    assert.doesNotMatch(adviceSentence(unknown).en, /600|as many again/);
  });
});

describe('confusions with examples', () => {
  it('list the worst pairs, their share and their surest products', () => {
    const rows: [number, number, number][] = [
      [0, 1, 0.6],
      [0, 1, 0.9],
      [0, 0, 0.9],
      [0, 0, 0.9],
      [2, 3, 0.7],
      [2, 2, 0.9],
    ];
    const probabilities = new Float32Array(rows.length * CLASSES);
    rows.forEach(([, predicted, sure], at) => {
      probabilities.fill((1 - sure) / (CLASSES - 1), at * CLASSES, (at + 1) * CLASSES);
      probabilities[at * CLASSES + predicted] = sure;
    });
    const labels = Uint8Array.from(rows, ([given]) => given);
    const answers = { rows: [...rows.keys()], labels, probabilities };
    const { pairs } = confusionsWithExamples(answers, { pairs: 1, examples: 5 });
    assert.deepEqual(pairs, [
      { actual: TYPE_CODES[0], predicted: TYPE_CODES[1], count: 2, share: 0.5, examples: [1, 0] },
    ]);
  });
});
