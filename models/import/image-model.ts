import { TYPE_CODES } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import type { Arrays, NamedArray } from '../runtime/safetensors.ts';
import { expectSettings, weightOf, workingLayers } from './architecture.ts';
import { reorder } from './class-order.ts';
import type { KerasLayer, KerasModel } from './keras-file.ts';

/** Convolutions of VGG16's five blocks, each followed by a pooling. */
const BLOCKS = [2, 2, 3, 3, 3];
const CONVOLUTIONS = BLOCKS.flatMap((count, block) =>
  Array.from({ length: count }, (_, place) => `block${block + 1}_conv${place + 1}`),
);
const KINDS = [
  ...BLOCKS.flatMap((count) => [...new Array<string>(count).fill('Conv2D'), 'MaxPooling2D']),
  'Flatten',
  'Dense',
  'Dense',
];

interface DenseWeights {
  readonly kernel: NamedArray;
  readonly bias: NamedArray;
}

export interface ImportedImage {
  /** Side of the pictures. */
  readonly size: number;
  /** `block1_conv1/kernel`, `block1_conv1/bias`... */
  readonly convolutions: Arrays;
  readonly hidden: DenseWeights;
  readonly output: DenseWeights;
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
    convolutions[`${CONVOLUTIONS[place]}/kernel`] = kernel;
    convolutions[`${CONVOLUTIONS[place]}/bias`] = weightOf(model, layer, 'bias', [channels]);
  });
  for (const layer of ofKind('MaxPooling2D')) {
    expectSettings(model, layer, { pool_size: [2, 2], strides: [2, 2], padding: 'valid' });
  }
  const [hidden, output] = ofKind('Dense') as [KerasLayer, KerasLayer];
  expectSettings(model, hidden, { activation: 'relu', use_bias: true });
  expectSettings(model, output, { activation: 'softmax', use_bias: true });
  const features = Math.floor(size / 2 ** BLOCKS.length) ** 2 * channels;
  const hiddenKernel = weightOf(model, hidden, 'kernel', [features, null]);
  const units = hiddenKernel.shape[1] ?? 0;
  return {
    size,
    convolutions,
    hidden: { kernel: hiddenKernel, bias: weightOf(model, hidden, 'bias', [units]) },
    output: reorder(
      {
        kernel: weightOf(model, output, 'kernel', [units, TYPE_CODES.length]),
        bias: weightOf(model, output, 'bias', [TYPE_CODES.length]),
      },
      columns,
    ),
  };
}

function sideOf(model: KerasModel): number {
  const [height, width, channels] = model.inputShape;
  if (height && height === width && channels === 3) return height;
  const message = `${model.file} reads pictures of ${model.inputShape.join(' x ')}; the original's models read squares of three colours.`;
  throw new EtiquetteError('IMPORT_SHAPES_MISMATCH', message);
}
