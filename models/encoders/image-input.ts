import { decodeRgb } from '../image/picture.ts';
import type { ImageEncoderDescriptor } from './descriptor.ts';

/**
 * A picture file's bytes -> what the encoder takes for one picture: float32 [3, size, size], red plane first, or
 * [size, size, 3], (x - mean) * scale. Whole frame, see `decodeRgb`.
 * @throws EtiquetteError PICTURE_EMPTY, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_LARGE, PICTURE_UNREADABLE
 */
export async function prepareImage(
  bytes: Uint8Array,
  { layout, size, resize, mean, scale }: ImageEncoderDescriptor['input'],
): Promise<Float32Array> {
  const rgb = await decodeRgb(bytes, { size, resize });
  const area = size * size;
  const pixels = new Float32Array(3 * area);
  const [start, step] = layout === 'NCHW' ? [area, 1] : [1, 3];
  for (const channel of [0, 1, 2] as const) {
    const scaled = Float32Array.from({ length: 256 }, (_, value) => (value - mean[channel]) * scale[channel]);
    for (let from = channel, to = channel * start; from < rgb.length; from += 3, to += step) {
      pixels[to] = scaled[rgb[from] as number] as number;
    }
  }
  return pixels;
}
