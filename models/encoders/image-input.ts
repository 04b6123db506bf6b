import { decodeRgb } from '../image/picture.ts';
import type { ImageEncoderDescriptor } from './descriptor.ts';

/**
 * A picture file's bytes -> what the encoder takes for one picture: float32 [3, size, size], red plane first,
 * (x - mean) * scale. Whole frame, see `decodeRgb`.
 * @throws EtiquetteError PICTURE_EMPTY, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_LARGE, PICTURE_UNREADABLE
 */
export async function prepareImage(
  bytes: Uint8Array,
  { size, resize, mean, scale }: ImageEncoderDescriptor['input'],
): Promise<Float32Array> {
  const rgb = await decodeRgb(bytes, { size, resize });
  const area = size * size;
  const planes = new Float32Array(3 * area);
  for (const channel of [0, 1, 2] as const) {
    const scaled = Float32Array.from({ length: 256 }, (_, value) => (value - mean[channel]) * scale[channel]);
    const plane = planes.subarray(channel * area, (channel + 1) * area);
    for (let at = 0, from = channel; at < area; at++, from += 3) {
      plane[at] = scaled[rgb[from] as number] as number;
    }
  }
  return planes;
}
