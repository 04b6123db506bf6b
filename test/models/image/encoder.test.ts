import assert from 'node:assert/strict';
import { random } from '../../../data/random.ts';
import { CONVOLUTIONS } from '../../../models/image/vgg16/architecture.ts';
import { createVgg16Encoder } from '../../../models/image/vgg16/encoder.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { slimVgg16 } from './slim-vgg16.ts';

function pictures(count: number, size: number): Float32Array[] {
  const next = random(7, 'pictures');
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: size * size * 3 }, () => next() * 255 - 120),
  );
}

describe('the VGG16 encoder', () => {
  it('is the network that Keras builds', () => {
    assert.deepEqual(
      CONVOLUTIONS.map(
        ({ name, inputs, outputs, pooled }) => `${name} ${inputs}>${outputs}${pooled ? ' pool' : ''}`,
      ),
      [
        'block1_conv1 3>64',
        'block1_conv2 64>64 pool',
        'block2_conv1 64>128',
        'block2_conv2 128>128 pool',
        'block3_conv1 128>256',
        'block3_conv2 256>256',
        'block3_conv3 256>256 pool',
        'block4_conv1 256>512',
        'block4_conv2 512>512',
        'block4_conv3 512>512 pool',
        'block5_conv1 512>512',
        'block5_conv2 512>512',
        'block5_conv3 512>512 pool',
      ],
    );
  });

  it('gives what the layers API gives, flattened height, width, channel', async () => {
    const tf = await tensorflow();
    const weights = slimVgg16(6);
    const size = 64;
    const input = tf.input({ shape: [size, size, 3] });
    let layer = input;
    for (const { name, pooled } of CONVOLUTIONS) {
      const convolution = tf.layers.conv2d({
        filters: 6,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: 'zeros',
      });
      layer = convolution.apply(layer) as typeof input;
      const { kernel, bias } = { kernel: weights[`${name}/kernel`]!, bias: weights[`${name}/bias`]! };
      convolution.setWeights([
        tf.tensor(kernel.data, [...kernel.shape]),
        tf.tensor(bias.data, [...bias.shape]),
      ]);
      if (pooled) layer = tf.layers.maxPooling2d({ poolSize: 2 }).apply(layer) as typeof input;
    }
    layer = tf.layers.flatten().apply(layer) as typeof input;
    const model = tf.model({ inputs: input, outputs: layer });
    const [one, two] = pictures(2, size) as [Float32Array, Float32Array];
    const batch = tf.tensor4d(Float32Array.from([...one, ...two]), [2, size, size, 3]);
    const expected = (model.predict(batch) as typeof batch).dataSync();

    const encoder = createVgg16Encoder(tf, weights, size);
    const features = encoder.encode([one, two]);
    encoder.dispose();
    assert.equal(encoder.featureSize, 2 * 2 * 6);
    assert.equal(features.length, expected.length);
    const largest = Math.max(...expected);
    assert.ok(largest > 1, 'the features say something');
    features.forEach((value, index) => {
      assert.ok(Math.abs(value - (expected[index] as number)) < 1e-5 * largest);
    });
  });

  it('gives a picture the same features alone and in any batch', async () => {
    const tf = await tensorflow();
    const encoder = createVgg16Encoder(tf, slimVgg16(), 32);
    const all = pictures(7, 32);
    const together = encoder.encode(all);
    const alone = all.flatMap((picture) => [...encoder.encode([picture])]);
    encoder.dispose();
    assert.deepEqual([...together], alone);
  });

  it('leaves nothing behind in TensorFlow', async () => {
    const tf = await tensorflow();
    const before = tf.memory().numTensors;
    const encoder = createVgg16Encoder(tf, slimVgg16(), 32);
    encoder.encode(pictures(5, 32));
    encoder.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it('refuses convolutions that do not follow on each other', async () => {
    const tf = await tensorflow();
    const { 'block3_conv2/kernel': _, ...incomplete } = slimVgg16();
    assert.throws(() => createVgg16Encoder(tf, incomplete, 32), { code: 'ENCODER_FILE_INVALID' });
  });
});
