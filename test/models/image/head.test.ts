import assert from 'node:assert/strict';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-node';
import { random } from '../../../data/random.ts';
import { createHead, HEAD_WEIGHTS, initialHead } from '../../../models/image/vgg16/head.ts';
import { measureScaler, standardise } from '../../../models/image/vgg16/scaler.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { createAdam, freshAdamState } from '../../../models/training/adam.ts';

const RATE = { learningRate: 0.001 };

function close(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(found.length, expected.length);
  for (let at = 0; at < found.length; at++) {
    const apart = Math.abs((found[at] as number) - (expected[at] as number));
    assert.ok(apart <= tolerance, `element ${at} is ${apart} apart`);
  }
}

describe('the head of the picture model', () => {
  it('equals the layers API and its gradients after several Adam steps', async () => {
    const tf = await tensorflow();
    const [features, hidden, rows] = [96, 16, 20];
    const next = random(3, 'head');
    const data = Float32Array.from({ length: rows * features }, () => next() * 2 - 1);
    const labels = tf.tensor1d(
      Array.from({ length: rows }, (_, row) => row % 27),
      'int32',
    );
    const input = tf.tensor2d(data, [rows, features]);
    const start = freshAdamState(initialHead(features, hidden, 42));

    const model = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [features], units: hidden, activation: 'relu' }),
        tf.layers.dense({ units: 27, activation: 'softmax' }),
      ],
    });
    const layersLoss = () => {
      const right = (model.apply(input) as Tensor2D).mul(tf.oneHot(labels, 27)).sum(1);
      return right.log().neg().mean() as Scalar;
    };
    const head = createHead(tf);
    const [ours, theirs] = [createAdam(tf, start, RATE), createAdam(tf, start, RATE)];
    for (let turn = 0; turn < 4; turn++) {
      tf.tidy(() => {
        model.setWeights(HEAD_WEIGHTS.map(theirs.weight));
        const expected = tf.variableGrads(layersLoss);
        const gradients = Object.values(expected.grads);
        theirs.apply(Object.fromEntries(HEAD_WEIGHTS.map((name, index) => [name, gradients[index]!])));

        const step = tf.tidy(() => head.step(ours.weight, input, labels));
        ours.apply(step.gradients);
        close(step.losses.mean().dataSync(), expected.value.dataSync(), 1e-6);
      });
    }
    assert.notDeepEqual(ours.weights(), start.weights);
    for (const name of HEAD_WEIGHTS) close(ours.weights()[name]!.data, theirs.weights()[name]!.data, 2e-5);
    ours.dispose();
    theirs.dispose();
  });

  it('learns from a row that counts three times as from three such rows', async () => {
    const tf = await tensorflow();
    tf.tidy(() => {
      const weights = initialHead(8, 4, 42);
      const weightOf = (name: (typeof HEAD_WEIGHTS)[number]) => {
        const { data, shape } = weights[name]!;
        return tf.tensor(data, [...shape]);
      };
      const next = random(4, 'weighted');
      const input = tf.tensor2d(
        Float32Array.from({ length: 16 }, () => next()),
        [2, 8],
      );
      const labels = tf.tensor1d([3, 9], 'int32');
      const head = createHead(tf);
      const weighted = head.step(weightOf, input, labels, tf.tensor2d([3, 1], [2, 1]));
      const repeated = head.step(weightOf, input.gather([0, 0, 0, 1]), labels.gather([0, 0, 0, 1]));
      // Means over 2 and over 4 rows.
      for (const name of HEAD_WEIGHTS) {
        close(weighted.gradients[name].div(2).dataSync(), repeated.gradients[name].dataSync(), 1e-6);
      }
      assert.equal(weighted.losses.size, 2);
    });
  });

  it('starts from the same weights for the same seed, and from others for another', () => {
    const [one, same, other] = [initialHead(8, 4, 1), initialHead(8, 4, 1), initialHead(8, 4, 2)];
    assert.deepEqual(one, same);
    assert.notDeepEqual(one, other);
  });
});

describe('the scaler of features', () => {
  async function* batches(...rows: number[][]) {
    for (const row of rows) yield Float32Array.from(row);
  }

  it('gives every feature mean 0 and the same spread, and leaves constant features at 0', async () => {
    const scaler = await measureScaler(batches([1, 10, 5, 3, 50, 5], [8, 90, 5]), 3);
    assert.deepEqual([...scaler.mean], [4, 50, 5]);
    const scaled = standardise(Float32Array.from([1, 10, 5, 3, 50, 5, 8, 90, 5]), scaler);
    const column = (at: number) => [scaled[at]!, scaled[3 + at]!, scaled[6 + at]!];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = (values: number[]) => mean(values.map((value) => value ** 2));
    for (const at of [0, 1]) {
      close([mean(column(at))], [0], 1e-6);
      // Three features of this variance make a vector of length 5.
      close([variance(column(at))], [25 / 3], 1e-5);
    }
    assert.deepEqual(column(2), [0, 0, 0]);
  });
});
