/** A group of inverted bottleneck blocks; only its first block has the stride and changes the channels. */
interface Stage {
  readonly repeats: number;
  readonly kernel: number;
  readonly stride: number;
  readonly expand: number;
  readonly from: number;
  readonly to: number;
}

/** EfficientNet-Lite0: B0 without squeeze-and-excitation, with ReLU6 (efficientnet_lite_builder.py of TensorFlow). */
const STAGES: readonly Stage[] = [
  { repeats: 1, kernel: 3, stride: 1, expand: 1, from: 32, to: 16 },
  { repeats: 2, kernel: 3, stride: 2, expand: 6, from: 16, to: 24 },
  { repeats: 2, kernel: 5, stride: 2, expand: 6, from: 24, to: 40 },
  { repeats: 3, kernel: 3, stride: 2, expand: 6, from: 40, to: 80 },
  { repeats: 3, kernel: 5, stride: 1, expand: 6, from: 80, to: 112 },
  { repeats: 4, kernel: 5, stride: 2, expand: 6, from: 112, to: 192 },
  { repeats: 1, kernel: 3, stride: 1, expand: 6, from: 192, to: 320 },
];

export const LITE0 = { size: 224, stem: 32, last: 320, features: 1280, epsilon: 1e-3 } as const;

export interface Block {
  readonly kernel: number;
  readonly stride: number;
  readonly expand: number;
  readonly from: number;
  readonly to: number;
}

/** The 16 blocks in order. One whose input and output are alike adds its input. */
export const BLOCKS: readonly Block[] = STAGES.flatMap(({ repeats, ...first }) =>
  Array.from({ length: repeats }, (_, index) =>
    index === 0 ? first : { ...first, from: first.to, stride: 1 },
  ),
);

/**
 * Rows to add before and after, so that a side comes out as ceil(side / stride), as TensorFlow does: what is
 * odd goes to the end. PyTorch's and ONNX' symmetric padding would shift every feature by a pixel.
 */
export function samePadding(side: number, kernel: number, stride: number): [before: number, after: number] {
  const total = Math.max((Math.ceil(side / stride) - 1) * stride + kernel - side, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
