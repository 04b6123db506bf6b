import type { Tensor } from '@tensorflow/tfjs-node';
import type { Arrays } from '../../runtime/safetensors.ts';
import { operations, type TensorFlow } from '../../training/operations.ts';
import { CONVOLUTIONS, checkConvolutions, STRIDE } from './architecture.ts';

/** VGG16's convolutions, frozen, inside TensorFlow. */
export interface Vgg16Encoder {
  readonly featureSize: number;
  /**
   * n pictures, each [size, size, 3] as `decodePicture` gives it -> [n, featureSize] row-major, flattened as
   * Keras does (height, width, channel). A picture's features do not depend on the others in its batch.
   */
  encode(pixels: readonly Float32Array[]): Float32Array;
  dispose(): void;
}

/**
 * Pictures that go through together. More win nothing (the convolutions are bound by arithmetic) and cost
 * memory: each needs 26 MB for the two widest layers at 224 x 224.
 */
const TOGETHER = 4;

/**
 * @param weights as `loadVgg16` reads them
 * @param size side of the input pictures; 224 gives 25,088 features
 * @throws EtiquetteError ENCODER_FILE_INVALID.
 */
export function createVgg16Encoder(tf: TensorFlow, weights: Arrays, size: number): Vgg16Encoder {
  const featureSize = checkConvolutions(weights) * Math.trunc(size / STRIDE) ** 2;
  const { attribute, type, one } = operations(tf);
  const parameters = CONVOLUTIONS.map(({ name, pooled }) => {
    const tensor = (part: string) => {
      const array = weights[`${name}/${part}`];
      if (array === undefined) throw new Error(`the encoder's file has no ${name}/${part}`);
      return tf.tensor(array.data, [...array.shape], 'float32');
    };
    return { kernel: tensor('kernel'), bias: tensor('bias'), pooled };
  });

  const layout = attribute('data_format', 'string', 'NHWC');
  const unit = [1, 1, 1, 1];
  const half = [1, 2, 2, 1];
  const convolution = [
    type('T'),
    layout,
    attribute('padding', 'string', 'SAME'),
    attribute('strides', 'int', unit),
    attribute('dilations', 'int', unit),
    attribute('use_cudnn_on_gpu', 'bool', true),
  ];
  const bias = [type('T'), layout];
  const relu = [type('T')];
  const pooling = [
    type('T'),
    layout,
    attribute('padding', 'string', 'VALID'),
    attribute('ksize', 'int', half),
    attribute('strides', 'int', half),
  ];

  /** One operation that uses its input up: the widest layers must not pile up in memory. */
  const step = (name: string, attributes: Parameters<typeof one>[1], input: Tensor, ...others: Tensor[]) => {
    const output = one(name, attributes, [input, ...others]);
    input.dispose();
    return output;
  };

  function forward(pixels: readonly Float32Array[]): Float32Array {
    const input = new Float32Array(pixels.length * size * size * 3);
    pixels.forEach((picture, index) => {
      input.set(picture, index * size * size * 3);
    });
    let layer: Tensor = tf.tensor4d(input, [pixels.length, size, size, 3]);
    for (const { kernel, bias: offset, pooled } of parameters) {
      layer = step('Conv2D', convolution, layer, kernel);
      layer = step('BiasAdd', bias, layer, offset);
      layer = step('Relu', relu, layer);
      if (pooled) layer = step('MaxPool', pooling, layer);
    }
    const features = layer.dataSync<'float32'>();
    layer.dispose();
    return features;
  }

  return {
    featureSize,
    encode(pixels) {
      const features = new Float32Array(pixels.length * featureSize);
      for (let from = 0; from < pixels.length; from += TOGETHER) {
        features.set(forward(pixels.slice(from, from + TOGETHER)), from * featureSize);
      }
      return features;
    },
    dispose() {
      for (const { kernel, bias: offset } of parameters) {
        kernel.dispose();
        offset.dispose();
      }
    },
  };
}
