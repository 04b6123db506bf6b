import { TYPE_CODES } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import { CONVOLUTIONS, STRIDE } from '../image/vgg16/architecture.ts';
import type { Vgg16Head } from '../image/vgg16/model.ts';
import { vgg16Parameters } from '../image/vgg16/parameters.ts';
import type { Arrays, NamedArray } from '../runtime/safetensors.ts';
import { expectSettings, weightOf, workingLayers } from './architecture.ts';
import { reorder } from './class-order.ts';
import type { KerasLayer, KerasModel } from './keras-file.ts';

const KINDS = [
  ...CONVOLUTIONS.flatMap(({ pooled }) => (pooled ? ['Conv2D', 'MaxPooling2D'] : ['Conv2D'])),
  'Flatten',
  'Dense',
  'Dense',
];

export interface ImportedImage {
  /** As our picture recipe stores it. */
  readonly head: Vgg16Head;
  /** `block1_conv1/kernel`, `block1_conv1/bias`... */
  readonly convolutions: Arrays;
}

/**
 * The original's VGG16 classifier, taken apart: frozen convolutions and the head above them. The number of
 * filters is taken from the weights.
 * @param columns the model's column for each code in TYPE_CODES order.
 * @throws EtiquetteError IMPORT_ARCHITECTURE_UNKNOWN, IMPORT_SHAPES_MISMATCH.
 */
export function importImage(model: KerasModel, columns: readonly number[]): ImportedImage {
  const layers = workingLayers(model, KINDS);
  const size = sideOf(model);
  const convolutions: Record<string, NamedArray> = {};
  let channels = 3;
  const ofKind = (kind: string) => layers.filter((layer) => layer.kind === kind);
  ofKind('Conv2D').forEach((layer, place) => {
    expectSettings(model, layer, {
      activation: 'relu',
      padding: 'same',
      strides: [1, 1],
      dilation_rate: [1, 1],
      groups: 1,
      data_format: 'channels_last',
      use_bias: true,
    });
    const kernel = weightOf(model, layer, 'kernel', [3, 3, channels, null]);
    channels = kernel.shape[3] ?? 0;
    const name = CONVOLUTIONS[place]?.name;
    convolutions[`${name}/kernel`] = kernel;
    convolutions[`${name}/bias`] = weightOf(model, layer, 'bias', [channels]);
  });
  for (const layer of ofKind('MaxPooling2D')) {
    expectSettings(model, layer, { pool_size: [2, 2], strides: [2, 2], padding: 'valid' });
  }
  const [hidden, output] = ofKind('Dense') as [KerasLayer, KerasLayer];
  expectSettings(model, hidden, { activation: 'relu', use_bias: true });
  expectSettings(model, output, { activation: 'softmax', use_bias: true });
  const features = Math.floor(size / STRIDE) ** 2 * channels;
  const hiddenKernel = weightOf(model, hidden, 'kernel', [features, null]);
  const units = hiddenKernel.shape[1] ?? 0;
  const trained = reorder(
    {
      kernel: weightOf(model, output, 'kernel', [units, TYPE_CODES.length]),
      bias: weightOf(model, output, 'bias', [TYPE_CODES.length]),
    },
    columns,
  );
  return {
    convolutions,
    head: {
      // The original trained on pixels as they are, resized by Keras.
      parameters: vgg16Parameters({
        size,
        mode: 'raw',
        resize: 'nearest',
        hidden: units,
        standardise: false,
      }),
      scaler: null,
      weights: {
        'hidden/kernel': hiddenKernel,
        'hidden/bias': weightOf(model, hidden, 'bias', [units]),
        'output/kernel': trained.kernel,
        'output/bias': trained.bias,
      },
    },
  };
}

function sideOf(model: KerasModel): number {
  const [height, width, channels] = model.inputShape;
  if (height && height === width && height % STRIDE === 0 && channels === 3) return height;
  const message = `${model.file} reads pictures of ${model.inputShape.join(' x ')}; the original's models read squares of three colours, 224 x 224 x 3.`;
  throw new EtiquetteError('IMPORT_SHAPES_MISMATCH', message);
}
