import { z } from 'zod';
import { STRIDE } from './architecture.ts';

/** What decides about a picture's features, beside the encoder; a change to anything else keeps them. */
export const pictureSchema = z.object({
  /** Side of the pictures that the convolutions see. */
  size: z
    .number()
    .int()
    .min(STRIDE)
    .max(1_024)
    .refine((size) => size % STRIDE === 0, `must be a multiple of ${STRIDE}`)
    .default(224),
  /** What the convolutions were trained on; raw: for the original's imported models. */
  mode: z.enum(['caffe', 'raw']).default('caffe'),
  resize: z.enum(['lanczos', 'nearest']).default('lanczos'),
});
