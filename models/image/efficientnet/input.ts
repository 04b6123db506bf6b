import type { ImageEncoderDescriptor } from '../../encoders/descriptor.ts';
import { LITE0 } from './architecture.ts';
import { INPUT } from './convert.ts';

/** What Lite0 sees: as the Lite models were trained, around -1..1, in steps that an integer can hold. */
export const LITE0_INPUT: ImageEncoderDescriptor['input'] = {
  name: INPUT,
  layout: 'NCHW',
  size: LITE0.size,
  mean: [127, 127, 127],
  scale: [1 / 128, 1 / 128, 1 / 128],
  resize: 'lanczos',
};
