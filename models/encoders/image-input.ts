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
    const plane = { channel, start: channel * start, step, mean: mean[channel], scale: scale[channel] };
    fillPlane(pixels, rgb, plane);
  }
  return pixels;
}

interface Plane {
  readonly channel: number;
  readonly start: number;
  readonly step: number;
  readonly mean: number;
  readonly scale: number;
}

/** On its own, as the compiler makes such a loop twice as fast. */
function fillPlane(
  pixels: Float32Array,
  rgb: Uint8Array,
  { channel, start, step, mean, scale }: Plane,
): void {
  for (let from = channel, to = start; from < rgb.length; from += 3, to += step) {
    pixels[to] = ((rgb[from] as number) - mean) * scale;
  }
}
