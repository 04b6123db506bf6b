import { EtiquetteError } from '../../../errors.ts';
import type { Arrays } from '../../runtime/safetensors.ts';

/** One of VGG16's 13 convolutions (3 x 3, stride 1, same padding, ReLU). */
export interface Convolution {
  /** Keras' name for the layer. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The last of its block: a 2 x 2 max pooling follows. */
  readonly pooled: boolean;
}

/** Outputs of the convolutions, block by block (Simonyan and Zisserman 2014, configuration D). */
const BLOCKS = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
] as const;

export const CONVOLUTIONS: readonly Convolution[] = BLOCKS.flatMap((block, blockIndex) =>
  block.map((outputs, index) => ({
    name: `block${blockIndex + 1}_conv${index + 1}`,
    inputs: index === 0 ? (BLOCKS[blockIndex - 1]?.[0] ?? 3) : outputs,
    outputs,
    pooled: index === block.length - 1,
  })),
);

/** The five poolings halve the side five times. */
export const STRIDE = 2 ** BLOCKS.length;

/**
 * Checks that arrays (`block1_conv1/kernel` [3, 3, in, out], `block1_conv1/bias` [out]...) chain up to
 * VGG16's convolutions. The number of filters is theirs: an imported model may be slimmer.
 * @returns the channels that the last convolution gives: 512 in the genuine one
 * @throws EtiquetteError ENCODER_FILE_INVALID naming the first array that does not fit.
 */
export function checkConvolutions(arrays: Arrays): number {
  let channels = 3;
  for (const { name } of CONVOLUTIONS) {
    const outputs = arrays[`${name}/bias`]?.shape[0] ?? 0;
    const expected = { [`${name}/kernel`]: [3, 3, channels, outputs], [`${name}/bias`]: [outputs] };
    for (const [key, shape] of Object.entries(expected)) {
      const found = arrays[key]?.shape.join(' x ') ?? 'missing';
      if (outputs === 0 || found !== shape.join(' x ')) {
        throw new EtiquetteError(
          'ENCODER_FILE_INVALID',
          `These are not the convolutions of a VGG16: ${key} is ${found}, which does not follow on the layer ` +
            'before. Fetch or import the weights again.',
        );
      }
    }
    channels = outputs;
  }
  return channels;
}
