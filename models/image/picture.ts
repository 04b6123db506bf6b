import sharp, { type Sharp } from 'sharp';
import { resizeNearest } from './nearest.ts';
import { MAX_PIXELS, readPictureHeader, unreadable } from './picture-format.ts';

export interface PictureOptions {
  /** Side of the square that comes out, in pixels. */
  readonly size: number;
  /** caffe: BGR minus ImageNet's mean, as VGG16 was trained. raw: RGB 0..255, as the original trained. */
  readonly mode: 'caffe' | 'raw';
  /** lanczos: ours. nearest: to the pixel what Keras' load_img(target_size) gives, for imported models. */
  readonly resize: 'lanczos' | 'nearest';
}

/** keras.applications.vgg16.preprocess_input; blue, green, red. Rounded first, as Keras computes in float32. */
const CAFFE_MEAN = [Math.fround(103.939), Math.fround(116.779), Math.fround(123.68)] as const;

/**
 * A picture file's bytes -> float32 [size, size, 3], row by row, as VGG16 takes it.
 * @throws EtiquetteError as `decodeRgb`
 */
export async function decodePicture(bytes: Uint8Array, options: PictureOptions): Promise<Float32Array> {
  const rgb = await decodeRgb(bytes, options);
  return options.mode === 'caffe' ? caffe(rgb) : new Float32Array(rgb);
}

/**
 * A picture file's bytes -> RGB bytes [size, size, 3], row by row. The one preprocessing of training, tuning,
 * evaluation and serving; the same bytes always give the same numbers.
 *
 * The whole frame is stretched to the square, since product pictures are nearly square already and a crop
 * would lose the product's ends. Of an animation or a document the first frame counts.
 * @throws EtiquetteError PICTURE_EMPTY, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_LARGE, PICTURE_UNREADABLE;
 * a retry does not help with any.
 */
export async function decodeRgb(
  bytes: Uint8Array,
  { size, resize }: Pick<PictureOptions, 'size' | 'resize'>,
): Promise<Uint8Array> {
  await readPictureHeader(bytes);
  try {
    return await (resize === 'nearest' ? asKeras(bytes, size) : asSeen(bytes, size));
  } catch (cause) {
    throw unreadable(cause);
  }
}

/**
 * As a person sees the picture: turned upright by its EXIF orientation (phones store sideways), colours in
 * sRGB by its profile, transparency on white as on a shop's page.
 */
async function asSeen(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const upright = open(bytes, false)
    .autoOrient()
    .flatten({ background: '#ffffff' })
    // Shrinking while a JPEG is decoded would give it other numbers than the same picture as a PNG.
    .resize(size, size, { fit: 'fill', kernel: 'lanczos3', fastShrinkOnLoad: false });
  return (await rgbPixels(upright)).data;
}

/** As Pillow's convert('RGB') and NEAREST: no orientation, no colour profile, transparency dropped. */
async function asKeras(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const { data, width, height } = await rgbPixels(open(bytes, true).removeAlpha());
  return resizeNearest(data, { width, height }, size);
}

/** 'truncated' refuses half a picture, where a laxer decoder would fill the rest with grey. */
const open = (bytes: Uint8Array, ignoreIcc: boolean): Sharp =>
  sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'truncated', ignoreIcc });

async function rgbPixels(picture: Sharp): Promise<{ data: Uint8Array; width: number; height: number }> {
  const { data, info } = await picture
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`);
  return { data, width: info.width, height: info.height };
}

function caffe(rgb: Uint8Array): Float32Array {
  const [blue, green, red] = CAFFE_MEAN;
  const pixels = new Float32Array(rgb.length);
  for (let at = 0; at < rgb.length; at += 3) {
    pixels[at] = (rgb[at + 2] ?? 0) - blue;
    pixels[at + 1] = (rgb[at + 1] ?? 0) - green;
    pixels[at + 2] = (rgb[at] ?? 0) - red;
  }
  return pixels;
}
