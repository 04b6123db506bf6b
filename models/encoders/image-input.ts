import { decodePicture } from '../image/picture.ts';
import type { ImageEncoderDescriptor } from './descriptor.ts';

/**
 * A picture file's bytes -> what the encoder takes for one picture: float32 [3, size, size], red plane first,
 * (x - mean) * scale. Whole frame, see `decodePicture`.
 * @throws EtiquetteError PICTURE_EMPTY, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_LARGE, PICTURE_UNREADABLE
 */
export async function prepareImage(
  bytes: Uint8Array,
  { size, resize, mean, scale }: ImageEncoderDescriptor['input'],
): Promise<Float32Array> {
  const rgb = await decodePicture(bytes, { size, mode: 'raw', resize });
  const area = size * size;
  const planes = new Float32Array(3 * area);
  for (const channel of [0, 1, 2] as const) {
    const from = channel * area;
    for (let at = 0; at < area; at++)
      planes[from + at] = ((rgb[at * 3 + channel] ?? 0) - mean[channel]) * scale[channel];
  }
  return planes;
}
