import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { foldCountOf, stratifiedFolds } from '../../../models/linear/folds.ts';
import { fitSoftmax, softmaxScores } from '../../../models/linear/softmax.ts';
import { solveAll } from '../../../models/linear/solve-all.ts';
import { UNUSED } from '../../../models/linear/solve-task.ts';
import { allocateRows, type SparseRows } from '../../../models/linear/sparse-rows.ts';
import { scoreOf, solveOneVsRest } from '../../../models/linear/svm.ts';
import { fitTemperature, logLoss, softmaxOf } from '../../../models/linear/temperature.ts';

interface Solutions {
  readonly features: number[][];
  readonly labels: number[];
  readonly svm: { readonly c: number; readonly scores: number[][] };
  readonly softmax: { readonly c: number; readonly probabilities: number[][] };
}

const CLASSES = 4;
const solutions: Solutions = JSON.parse(
  readFileSync(new URL('../../fixtures/linear/solutions.json', import.meta.url), 'utf8'),
);
const { labels } = solutions;
const size = solutions.features[0]!.length;
const classes = Uint8Array.from(labels);
const everyRow = Uint32Array.from(labels.keys());
const weightOf = (label: number) =>
  labels.length / (CLASSES * labels.filter((other) => other === label).length);
const OPTIONS = { c: solutions.svm.c, tolerance: 1e-6, epochs: 10_000, seed: 3 };

function sparse(features: number[][]): SparseRows {
  const rows = allocateRows(features.length, size, features.flat().filter(Boolean).length);
  let to = 0;
  features.forEach((row, at) => {
    row.forEach((value, column) => {
      if (value === 0) return;
      rows.column[to] = column;
      rows.value[to++] = value;
    });
    rows.starts[at + 1] = to;
  });
  return rows;
}

function largestDifference(found: ArrayLike<number>, expected: readonly number[]): number {
  return Math.max(...expected.map((value, at) => Math.abs(value - found[at]!)));
}

describe('the linear SVM', () => {
  const rows = sparse(solutions.features);

  it("finds scikit-learn's solution: LinearSVC, balanced classes", () => {
    for (let label = 0; label < CLASSES; label++) {
      const plane = solveOneVsRest(rows, everyRow, classes, label, weightOf(label), OPTIONS);
      const scores = Array.from(everyRow, (row) => scoreOf(rows, row, plane));
      const expected = solutions.svm.scores.map((row) => row[label]!);
      assert.ok(plane.converged);
      assert.ok(largestDifference(scores, expected) < 1e-3, `class ${label}`);
    }
  });

  it('stops after the given passes and says that it has not converged', () => {
    const plane = solveOneVsRest(rows, everyRow, classes, 0, 1, { ...OPTIONS, epochs: 2 });
    assert.equal(plane.converged, false);
  });

  it('finds the same solution from any start', () => {
    const cold = solveOneVsRest(rows, everyRow, classes, 1, weightOf(1), OPTIONS);
    const start = Float64Array.from(everyRow, (row) => (row % 3) * 0.2);
    const warm = solveOneVsRest(rows, everyRow, classes, 1, weightOf(1), OPTIONS, { start });
    assert.ok(warm.converged);
    assert.ok(largestDifference(warm.weights, [...cold.weights]) < 1e-4);
  });

  it('learns from a row that counts three times as from three such rows', () => {
    const thrice = [0, 5, 9];
    const rowWeights = Float32Array.from(everyRow, (row) => (thrice.includes(row) ? 3 : 1));
    const repeated = Uint32Array.from([...everyRow, ...thrice, ...thrice]);
    for (let label = 0; label < CLASSES; label++) {
      const weighted = solveOneVsRest(rows, everyRow, classes, label, 2, OPTIONS, { rowWeights });
      const plain = solveOneVsRest(rows, repeated, classes, label, 2, OPTIONS);
      assert.ok(largestDifference(weighted.weights, [...plain.weights]) < 1e-4, `class ${label}`);
      const once = solveOneVsRest(rows, everyRow, classes, label, 2, OPTIONS);
      assert.ok(largestDifference(once.weights, [...plain.weights]) > 1e-2, `class ${label}`);
    }
  });

  describe('on threads', () => {
    const folds = Uint8Array.from(everyRow, (row) => (row === 7 ? UNUSED : row % 3));
    const problem = { ...OPTIONS, rows, classes, folds, foldCount: 3, balanced: true };
    const solve = (threads: number, signal = new AbortController().signal) =>
      solveAll({ problem, classCount: CLASSES, threads, signal });

    it('gives the same numbers whatever their count', async () => {
      const [one, three] = await Promise.all([solve(1), solve(3)]);
      assert.deepEqual(three, one);
      assert.ok(one.every(({ converged }) => converged));
    });

    it('learns each class from all rows, and scores each row by what the other folds teach', async () => {
      const used = everyRow.filter((row) => folds[row] !== UNUSED);
      const others = used.filter((row) => folds[row] !== 1);
      const results = await solve(2);
      results.forEach(({ weights, scores }, label) => {
        const solveOn = (picks: Uint32Array) => {
          const present = new Set(Array.from(picks, (row) => labels[row])).size;
          const own = picks.filter((row) => labels[row] === label).length;
          return solveOneVsRest(rows, picks, classes, label, picks.length / (present * own), OPTIONS);
        };
        assert.ok(largestDifference(weights, [...solveOn(used).weights]) < 1e-4);
        const plane = solveOn(others);
        for (const row of used) {
          if (folds[row] === 1) assert.equal(scores[row], Math.fround(scoreOf(rows, row, plane)));
        }
        assert.equal(scores[7], 0);
      });
    });

    it('stops with the reason of the signal', async () => {
      const controller = new AbortController();
      const solving = solve(2, controller.signal);
      controller.abort(new Error('enough'));
      await assert.rejects(solving, /enough/);
    });
  });
});

describe('multinomial logistic regression', () => {
  const features = Float32Array.from(solutions.features.flat());
  const fit = () =>
    fitSoftmax({
      features,
      size,
      labels,
      classes: CLASSES,
      c: solutions.softmax.c,
      balanced: true,
      tolerance: 1e-7,
      iterations: 1_000,
    });

  it("finds scikit-learn's solution: LogisticRegression, balanced classes", () => {
    const found = softmaxOf(softmaxScores(fit(), features, size), CLASSES, 1);
    assert.ok(largestDifference(found, solutions.softmax.probabilities.flat()) < 1e-3);
  });

  it('gives the same bytes twice', () => assert.deepEqual(fit(), fit()));

  it('learns from a row that counts three times as from three such rows', () => {
    const thrice = [0, 5, 9];
    const options = { features, size, classes: CLASSES, c: 1, balanced: false };
    const end = { tolerance: 1e-8, iterations: 2_000 };
    const weighted = fitSoftmax({
      ...{ ...options, ...end, labels },
      rowWeights: labels.map((_, row) => (thrice.includes(row) ? 3 : 1)),
    });
    const picks = Uint32Array.from([...everyRow, ...thrice, ...thrice]);
    const repeated = fitSoftmax({
      ...{ ...options, ...end, picks },
      labels: Array.from(picks, (row) => labels[row]!),
    });
    assert.ok(largestDifference(weighted.weights, [...repeated.weights]) < 1e-4);
    assert.ok(
      largestDifference(fitSoftmax({ ...options, ...end, labels }).weights, [...repeated.weights]) > 1e-3,
    );
  });
});

describe('temperature', () => {
  // Three rows of four are right, with margin 4 each: the best answer is a probability of 3/4.
  const scores = Float32Array.from([4, 0, 4, 0, 4, 0, 4, 0]);

  it('makes confidence match how often the model is right', () => {
    const temperature = fitTemperature(scores, [0, 0, 0, 1], 2);
    assert.ok(Math.abs(softmaxOf(scores, 2, temperature)[0]! - 0.75) < 1e-4);
    for (const other of [temperature * 0.9, temperature * 1.1]) {
      assert.ok(logLoss(scores, [0, 0, 0, 1], 2, temperature) < logLoss(scores, [0, 0, 0, 1], 2, other));
    }
  });

  it('is 1 when there is nothing to fit it on', () => {
    assert.equal(fitTemperature(new Float32Array(), [], 2), 1);
  });

  it('overflows on no score', () => {
    assert.deepEqual([...softmaxOf(Float32Array.from([3e8, -3e8]), 2, 0.01)], [1, 0]);
  });
});

describe('stratified folds', () => {
  const count = (folds: Uint8Array, label: number, fold: number) =>
    folds.filter((own, row) => own === fold && labels[row] === label).length;

  it('spread every class evenly', () => {
    const folds = stratifiedFolds(labels, 5, 1);
    for (let label = 0; label < CLASSES; label++) {
      const counts = [0, 1, 2, 3, 4].map((fold) => count(folds, label, fold));
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `class ${label}: ${counts}`);
    }
  });

  it('keep a group together', () => {
    const groups = labels.map((_, row) => row % 40);
    const folds = stratifiedFolds(labels, 5, 1, groups);
    assert.deepEqual(
      [...folds],
      groups.map((group) => folds[group]),
    );
  });

  it('are fewer where rows abound', () => {
    assert.deepEqual([100, 9_999, 10_000, 84_916].map(foldCountOf), [5, 5, 3, 3]);
  });

  it('follow the seed', () => {
    assert.deepEqual(stratifiedFolds(labels, 5, 1), stratifiedFolds(labels, 5, 1));
    assert.notDeepEqual(stratifiedFolds(labels, 5, 1), stratifiedFolds(labels, 5, 2));
  });
});
