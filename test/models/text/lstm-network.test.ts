import { strict as assert } from 'node:assert';
import { random } from '../../../data/random.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { type Batch, createBatch, type Text } from '../../../models/text/lstm/batches.ts';
import { createNetwork, type Gradients, type WeightOf } from '../../../models/text/lstm/network.ts';
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

const LENGTH = 7;
const ORIGINAL = {
  words: 60,
  subwords: 0,
  embedding: 12,
  units: 8,
  bidirectional: false,
  pooling: 'last',
  padding: 'post',
  length: LENGTH,
} as const;
const BATCH = 16;
const CLASSES = 27;
const LEARNING_RATE = 0.001;

const WEIGHTS = initialWeights(ORIGINAL, 7);

/** Four batches of random words and labels; many words come several times in a batch. */
const BATCHES = Array.from({ length: 4 }, (_, number) => {
  const next = random(1, 'batch', number);
  const words = Int32Array.from({ length: BATCH * LENGTH }, () => Math.floor(next() * ORIGINAL.words));
  const labels = new Float32Array(BATCH * CLASSES);
  for (let row = 0; row < BATCH; row++) labels[row * CLASSES + Math.floor(next() * CLASSES)] = 1;
  return { words, labels };
});

/** Keras' model by the layers API, with WEIGHTS. */
function layersModel(tf: TensorFlow) {
  const { words: inputDim, embedding: outputDim, units } = ORIGINAL;
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

/** Word numbers, [BATCH * LENGTH], as the network reads them. */
function batchOf(words: Int32Array): Batch {
  const texts = Array.from({ length: BATCH }, (_, row) =>
    Array.from(words.subarray(row * LENGTH, (row + 1) * LENGTH), (word) => Int32Array.of(word)),
  );
  return createBatch(texts, ORIGINAL);
}

function fusedStep(tf: TensorFlow, weightOf: WeightOf, number: number) {
  const { words, labels } = BATCHES[number]!;
  return createNetwork(tf, ORIGINAL).step(weightOf, batchOf(words), tf.tensor2d(labels, [BATCH, CLASSES]));
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)));
}

describe("the fused LSTM network in the original's form", () => {
  it('gives the probabilities of the layers API', async () => {
    const tf = await tensorflow();
    tf.tidy(() => {
      const fused = tensors(tf, toFused(WEIGHTS));
      const { words } = BATCHES[0]!;
      const logits = createNetwork(tf, ORIGINAL).logits((name) => fused[name]!, batchOf(words));
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
      const { gradients } = fusedStep(tf, (name) => weights[name]!, 0);
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
      const { losses, gradients } = tf.tidy(() => fusedStep(tf, (name) => adam.weight(name), number));
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
    const network = createNetwork(tf, ORIGINAL);
    const batch = () =>
      tf.tidy(() => {
        const step = tf.tidy(() =>
          network.step((name) => adam.weight(name), batchOf(words), tf.tensor2d(labels, [BATCH, CLASSES])),
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

describe('the fused LSTM network in the mended form', () => {
  const form = {
    ...ORIGINAL,
    subwords: 40,
    bidirectional: true,
    pooling: 'max-mean',
    padding: 'masked',
  } as const;
  const weights = initialWeights(form, 3);
  const texts = [1, 5, 3, 7, 2].map((length, row) => {
    const next = random(2, 'text', row);
    return Array.from({ length }, () =>
      Int32Array.from({ length: 1 + Math.floor(4 * next()) }, () => Math.floor(100 * next())),
    );
  });
  const labels = [3, 26, 0, 3, 9];

  it('has the scores and gradients of plain LSTMs on each text alone, without padding', () =>
    assertPlain(texts));

  it('has them of texts of one word', () => assertPlain(texts.map((text) => text.slice(0, 1))));

  async function assertPlain(texts: readonly Text[]): Promise<void> {
    const tf = await tensorflow();
    tf.tidy(() => {
      const fused = tensors(tf, toFused(weights));
      const variables = Object.fromEntries(
        Object.entries(fused).map(([name, tensor]) => [name, tf.variable(tensor, true)]),
      );
      let expected: Float32Array | undefined;
      const { grads } = tf.variableGrads(() => {
        const logits = tf.concat2d(
          texts.map((text) => plainLogits(tf, variables, text)),
          0,
        );
        expected = logits.dataSync<'float32'>();
        return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, CLASSES), logits).asScalar();
      });
      const { logits, gradients } = createNetwork(tf, form).step(
        (name) => fused[name]!,
        createBatch(texts, form),
        tf.oneHot(labels, CLASSES).cast('float32') as never,
      );
      assert.ok(largestDifference(logits.dataSync(), expected!) < 1e-5);
      assert.ok(gradients.embeddings!.abs().max().dataSync()[0]! > 1e-3);
      for (const [name, variable] of Object.entries(variables)) {
        const found = gradients[name as FusedName]!.dataSync<'float32'>();
        const wanted = grads[variable.name]!.dataSync<'float32'>().slice();
        // The cell inputs' bias stays at zero, so that padding leaves no trace.
        if (name.endsWith('Bias') && name !== 'denseBias') wanted.fill(0, 16, 24);
        const scale = Math.max(...wanted.map(Math.abs));
        assert.ok(largestDifference(found, wanted) <= 1e-4 * scale + 1e-8, name);
      }
    });
  }

  it('gives a text the same scores in any company', async () => {
    const tf = await tensorflow();
    tf.tidy(() => {
      const fused = tensors(tf, toFused(weights));
      const scores = (some: typeof texts) =>
        createNetwork(tf, form)
          .logits((name) => fused[name]!, createBatch(some, form))
          .dataSync();
      const together = scores(texts);
      texts.forEach((text, row) => {
        const own = together.slice(row * CLASSES, (row + 1) * CLASSES);
        assert.ok(largestDifference(scores([text]), own) < 1e-6);
      });
    });
  });

  it('learns from a row that counts three times as from three such rows', async () => {
    const tf = await tensorflow();
    tf.tidy(() => {
      const fused = tensors(tf, toFused(weights));
      const step = (places: readonly number[], rowWeights?: readonly number[]) =>
        createNetwork(tf, form).step(
          (name) => fused[name]!,
          createBatch(
            places.map((place) => texts[place]!),
            form,
          ),
          tf
            .oneHot(
              places.map((place) => labels[place]!),
              CLASSES,
            )
            .cast('float32') as never,
          undefined,
          rowWeights && tf.tensor2d([...rowWeights], [places.length, 1]),
        ).gradients;
      const weighted = step([0, 1, 2], [1, 3, 1]);
      const repeated = step([0, 1, 1, 1, 2]);
      for (const [name, gradient] of Object.entries(repeated)) {
        // Means over 3 and over 5 rows.
        const found = weighted[name as FusedName]!.mul(3 / 5).dataSync<'float32'>();
        assert.ok(largestDifference(found, gradient.dataSync<'float32'>()) < 1e-6, name);
      }
    });
  });

  it('learns nothing from features that are dropped', async () => {
    const tf = await tensorflow();
    tf.tidy(() => {
      const fused = tensors(tf, toFused(weights));
      const step = (vectors: number, pooled: number) =>
        createNetwork(tf, form).step(
          (name) => fused[name]!,
          createBatch(texts, form),
          tf.oneHot(labels, CLASSES).cast('float32') as never,
          { vectors: tf.fill([1, 5, 12], vectors), pooled: tf.fill([5, 32], pooled) },
        ).gradients;
      const largest = (gradients: Gradients, name: FusedName) => gradients[name]!.abs().max().dataSync()[0]!;
      assert.ok(largest(step(1, 1), 'embeddings') > 0);
      assert.equal(largest(step(0, 1), 'embeddings'), 0);
      assert.equal(largest(step(1, 0), 'denseKernel'), 0);
    });
  });
});

/** Scores of one text by the textbook, [1, classes]. */
function plainLogits(
  tf: TensorFlow,
  weights: Readonly<Record<string, ReturnType<TensorFlow['tensor']>>>,
  text: readonly Int32Array[],
) {
  const vectors = text.map((rows) =>
    weights.embeddings!.gather(tf.tensor1d(rows, 'int32')).sum(0, true).div(Math.sqrt(rows.length)),
  );
  const read = (kernel: string, bias: string, words: typeof vectors) => {
    let [h, c] = [tf.zeros([1, 8]), tf.zeros([1, 8])];
    const outputs = words.map((word) => {
      const gates = tf.concat([word, h], 1).matMul(weights[kernel]!).add(weights[bias]!);
      const [i, f, g, o] = tf.split(gates, 4, 1) as [typeof h, typeof h, typeof h, typeof h];
      c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
      h = o.sigmoid().mul(c.tanh());
      return h;
    });
    const all = tf.concat(outputs, 0);
    return [all.max(0, true).relu(), all.mean(0, true)];
  };
  const features = [
    ...read('lstmKernel', 'lstmBias', vectors),
    ...read('backwardKernel', 'backwardBias', [...vectors].reverse()),
  ];
  return tf.concat(features, 1).matMul(weights.denseKernel!).add(weights.denseBias!) as never as ReturnType<
    TensorFlow['tensor2d']
  >;
}

describe('the initial weights', () => {
  it('are the same for the same seed and others for another', () => {
    assert.deepEqual(initialWeights(ORIGINAL, 7), WEIGHTS);
    assert.notDeepEqual(initialWeights(ORIGINAL, 8), WEIGHTS);
  });

  it('are spread as Keras spreads them', () => {
    const largest = (name: keyof typeof WEIGHTS) => Math.max(...WEIGHTS[name]!.data.map(Math.abs));
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
    const both = initialWeights({ ...ORIGINAL, bidirectional: true }, 7);
    for (const weights of [WEIGHTS, both]) assert.deepEqual(toKeras(toFused(weights)), weights);
  });

  it('must have the shapes that the parameters say', () => {
    assert.throws(() => kerasWeights(WEIGHTS, { ...ORIGINAL, units: 9 }), { code: 'MODEL_FILES_MISMATCH' });
    const { 'dense/bias': _missing, ...rest } = WEIGHTS;
    assert.throws(() => kerasWeights(rest, ORIGINAL), { code: 'MODEL_FILES_MISMATCH' });
  });
});

function tensors(tf: TensorFlow, weights: FusedWeights) {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
  ) as Partial<Record<FusedName, ReturnType<typeof tf.tensor>>>;
}

function arrays(gradients: Gradients): FusedWeights {
  return Object.fromEntries(
    Object.entries(gradients).map(([name, tensor]) => [
      name,
      { shape: tensor.shape, data: tensor.dataSync<'float32'>() },
    ]),
  ) as unknown as FusedWeights;
}
