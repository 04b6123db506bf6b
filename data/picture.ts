import { readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';

const MOST_BYTES = 20 * 1024 * 1024;
/** 25 megapixels: a small file can unfold to gigabytes. */
const MOST_PIXELS = 25_000_000;
/** What a JPEG can have: a picture of one pixel by millions takes seconds to shrink. */
const MOST_SIDE = 65_535;
const FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif']);

/**
 * The bytes of a picture as a catalogue may hold them: the same, whatever the file is called, where its readers know the
 * format, and else (TIFF, AVIF) a PNG of the same pixels in 8 bits and sRGB, with EXIF for its orientation. One that cannot
 * be decoded stays as it is: the check reports it.
 */
export async function cataloguePicture(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    const picture = sharp(bytes, { failOn: 'truncated', limitInputPixels: MOST_PIXELS });
    const { format } = await picture.metadata();
    return FORMATS.has(format) ? bytes : await picture.keepExif().png().toBuffer();
  } catch {
    return bytes;
  }
}

/**
 * Why a picture file cannot be used, or null when it can. Its pixels are bounded by the header, before anything is
 * decoded; then the whole picture is, so that one cut short is found.
 */
export async function pictureProblem(file: string): Promise<string | null> {
  try {
    const { size } = await stat(file);
    if (size === 0) return 'is empty';
    if (size > MOST_BYTES) return `has ${size} bytes, more than ${MOST_BYTES}`;
    const bytes = await readFile(file);
    // As strict as training and serving are: damage that they live with costs no picture.
    const picture = sharp(bytes, { failOn: 'truncated', limitInputPixels: MOST_PIXELS });
    const { format, width, height } = await picture.metadata();
    if (!FORMATS.has(format)) return `is ${format}, not a JPEG, PNG, WebP or GIF`;
    if (Math.max(width, height) > MOST_SIDE) return `has ${width} x ${height} pixels`;
    // A small output lets the JPEG decoder skip work, not data: it still reads every block.
    await picture.resize(64, 64, { fit: 'fill' }).raw().toBuffer();
    return null;
  } catch (error) {
    return error instanceof Error
      ? (error.message.split('\n')[0] ?? 'cannot be decoded')
      : 'cannot be decoded';
  }
}
