import { strict as assert } from 'node:assert';
import { random } from '../../../data/random.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { timeMajor } from '../../../models/text/lstm/batches.ts';
import { createNetwork } from '../../../models/text/lstm/network.ts';
import {
  type FusedName,
  type FusedWeights,
  initialWeights,
  kerasWeights,
  toFused,
  toKeras,
} from '../../../models/text/lstm/weights.ts';
import { createAdam, freshAdamState } from '../../../models/training/adam.ts';
import type { TensorFlow } from '../../../models/training/operations.ts';

const SIZES = { words: 60, embedding: 12, units: 8 };
const LENGTH = 7;
const BATCH = 16;
const CLASSES = 27;
const LEARNING_RATE = 0.001;

const WEIGHTS = initialWeights(SIZES, 7);

/** Four batches of random words and labels; many words come several times in a batch. */
const BATCHES = Array.from({ length: 4 }, (_, number) => {
  const next = random(1, 'batch', number);
  const words = Int32Array.from({ length: BATCH * LENGTH }, () => Math.floor(next() * SIZES.words));
  const labels = new Float32Array(BATCH * CLASSES);
  for (let row = 0; row < BATCH; row++) labels[row * CLASSES + Math.floor(next() * CLASSES)] = 1;
  return { words, labels };
});

/** Keras' model by the layers API, with WEIGHTS. */
function layersModel(tf: TensorFlow) {
  const { words: inputDim, embedding: outputDim, units } = SIZES;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim, outputDim, inputLength: LENGTH }),
      tf.layers.lstm({ units, recurrentActivation: 'sigmoid' }),
      tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
    ],
  });
  model.setWeights(Object.values(WEIGHTS).map(({ shape, data }) => tf.tensor(data, [...shape])));
  return model;
}

function fusedStep(tf: TensorFlow, weightOf: (name: FusedName) => never, number: number) {
  const { words, labels } = BATCHES[number]!;
  return createNetwork(tf, SIZES.units).step(
    weightOf,
    tf.tensor2d(timeMajor(words, LENGTH), [LENGTH, BATCH]),
    tf.tensor2d(labels, [BATCH, CLASSES]),
  );
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)));
}

describe('the fused LSTM network', () => {
  it('gives the probabilities of the layers API', async () => {
    const tf = await tensorflow();
    tf.tidy(() => {
      const fused = tensors(tf, toFused(WEIGHTS));
      const { words } = BATCHES[0]!;
      const logits = createNetwork(tf, SIZES.units).logits(
        (name) => fused[name],
        tf.tensor2d(timeMajor(words, LENGTH), [LENGTH, BATCH]),
      );
      const expected = layersModel(tf).predict(tf.tensor2d(words, [BATCH, LENGTH])) as typeof logits;
      assert.ok(largestDifference(logits.softmax().dataSync(), expected.dataSync()) < 1e-6);
    });
  });

  it('has the gradients that automatic differentiation finds', async () => {
    const tf = await tensorflow();
    tf.tidy(() => {
      const model = layersModel(tf);
      const { words, labels } = BATCHES[0]!;
      const { grads } = tf.variableGrads(() => {
        const output = model.apply(tf.tensor2d(words, [BATCH, LENGTH]), { training: true });
        const logs = (output as ReturnType<typeof tf.tensor2d>).log();
        return logs
          .mul(tf.tensor2d(labels, [BATCH, CLASSES]))
          .sum(1)
          .mean()
          .neg()
          .asScalar();
      });
      const weights = tensors(tf, toFused(WEIGHTS));
      const { gradients } = fusedStep(tf, (name) => weights[name] as never, 0);
      const found = Object.values(toKeras(arrays(gradients)));
      Object.values(grads).forEach((expected, at) => {
        const scale = Math.max(...expected.abs().dataSync());
        const difference = largestDifference(found[at]!.data, expected.dataSync());
        assert.ok(difference < 1e-5 * scale, `gradient ${at} differs by ${difference} of ${scale}`);
      });
    });
  });

  it('has the losses and weights of the layers API after four steps of Adam', async () => {
    const tf = await tensorflow();
    const model = layersModel(tf);
    const optimizer = tf.train.adam(LEARNING_RATE);
    model.compile({ optimizer, loss: 'categoricalCrossentropy' });
    const adam = createAdam(tf, freshAdamState(toFused(WEIGHTS)), { learningRate: LEARNING_RATE });
    for (const number of BATCHES.keys()) {
      const { words, labels } = BATCHES[number]!;
      // Keras adds epsilon before the bias correction, tfjs after it.
      Object.assign(optimizer, { epsilon: 1e-7 / Math.sqrt(1 - 0.999 ** (number + 1)) });
      const expected = await model.trainOnBatch(
        tf.tensor2d(words, [BATCH, LENGTH]),
        tf.tensor2d(labels, [BATCH, CLASSES]),
      );
      const { losses, gradients } = tf.tidy(() =>
        fusedStep(tf, (name) => adam.weight(name) as never, number),
      );
      adam.apply(gradients);
      assert.ok(Math.abs(losses.mean().dataSync()[0]! - (expected as number)) < 2e-6);
    }
    const found = Object.values(toKeras(adam.weights() as FusedWeights));
    model.getWeights().forEach((expected, at) => {
      const difference = largestDifference(found[at]!.data, expected.dataSync());
      const moved = largestDifference(Object.values(WEIGHTS)[at]!.data, expected.dataSync());
      assert.ok(difference < 2e-6, `weight ${at} differs by ${difference}`);
      assert.ok(moved > 1e-3, 'training moved it');
    });
  });

  it('leaves no tensor behind', async () => {
    const tf = await tensorflow();
    const { words, labels } = BATCHES[0]!;
    const adam = createAdam(tf, freshAdamState(toFused(WEIGHTS)), { learningRate: LEARNING_RATE });
    const network = createNetwork(tf, SIZES.units);
    const batch = () =>
      tf.tidy(() => {
        const input = tf.tensor2d(timeMajor(words, LENGTH), [LENGTH, BATCH]);
        const step = tf.tidy(() =>
          network.step((name) => adam.weight(name), input, tf.tensor2d(labels, [BATCH, CLASSES])),
        );
        adam.apply(step.gradients);
      });
    batch();
    const before = tf.memory().numTensors;
    for (let time = 0; time < 20; time++) batch();
    assert.equal(tf.memory().numTensors, before);
    adam.dispose();
    network.dispose();
  });
});

describe('the initial weights', () => {
  it('are the same for the same seed and others for another', () => {
    assert.deepEqual(initialWeights(SIZES, 7), WEIGHTS);
    assert.notDeepEqual(initialWeights(SIZES, 8), WEIGHTS);
  });

  it('are spread as Keras spreads them', () => {
    const largest = (name: keyof typeof WEIGHTS) => Math.max(...WEIGHTS[name].data.map(Math.abs));
    const near = (value: number, limit: number) => value <= limit && value > limit * 0.9;
    assert.ok(near(largest('embedding/embeddings'), 0.05));
    assert.ok(near(largest('lstm/kernel'), Math.sqrt(6 / (12 + 32))));
    assert.ok(near(largest('dense/kernel'), Math.sqrt(6 / (8 + 27))));
  });

  it('have orthonormal rows in the recurrent kernel', () => {
    const { data } = WEIGHTS['lstm/recurrent_kernel'];
    const row = (at: number) => data.subarray(at * 32, (at + 1) * 32);
    for (let a = 0; a < 8; a++) {
      for (let b = 0; b < 8; b++) {
        const product = row(a).reduce((sum, value, at) => sum + value * row(b)[at]!, 0);
        assert.ok(Math.abs(product - (a === b ? 1 : 0)) < 1e-6);
      }
    }
  });

  it('start with an open forget gate: bias one there, zero elsewhere', () => {
    assert.deepEqual(
      [...WEIGHTS['lstm/bias'].data],
      [...Array(32).keys()].map((at) => (at >= 8 && at < 16 ? 1 : 0)),
    );
  });
});

describe('stored weights', () => {
  it('go to the fused layout and back unchanged', () => {
    assert.deepEqual(toKeras(toFused(WEIGHTS)), WEIGHTS);
  });

  it('must have the shapes that the parameters say', () => {
    assert.throws(() => kerasWeights(WEIGHTS, { ...SIZES, units: 9 }), { code: 'MODEL_FILES_MISMATCH' });
    const { 'dense/bias': _missing, ...rest } = WEIGHTS;
    assert.throws(() => kerasWeights(rest, SIZES), { code: 'MODEL_FILES_MISMATCH' });
  });
});

function tensors(tf: TensorFlow, weights: FusedWeights) {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
  ) as Record<FusedName, ReturnType<typeof tf.tensor>>;
}

function arrays(gradients: Record<FusedName, ReturnType<TensorFlow['tensor']>>): FusedWeights {
  return Object.fromEntries(
    Object.entries(gradients).map(([name, tensor]) => [
      name,
      { shape: tensor.shape, data: tensor.dataSync<'float32'>() },
    ]),
  ) as Record<FusedName, never>;
}
