import sharp, { type Metadata } from 'sharp';
import { EtiquetteError } from '../../errors.ts';

/** 25 megapixels, far more than any product picture: what a small file may unfold to in memory. */
export const MAX_PIXELS = 25_000_000;
/** What a JPEG can have. A PNG of one pixel by millions passes the limit above and takes seconds to shrink. */
const MAX_SIDE = 65_535;

/** The first bytes of each format that is read, and where they stand. */
const SIGNATURES: ReadonlyArray<{ readonly format: string; readonly at: number; readonly bytes: string }> = [
  { format: 'JPEG', at: 0, bytes: '\xff\xd8\xff' },
  { format: 'PNG', at: 0, bytes: '\x89PNG\r\n\x1a\n' },
  { format: 'GIF', at: 0, bytes: 'GIF8' },
  { format: 'WebP', at: 8, bytes: 'WEBP' },
  { format: 'TIFF', at: 0, bytes: 'II*\0' },
  { format: 'TIFF', at: 0, bytes: 'MM\0*' },
  { format: 'AVIF', at: 4, bytes: 'ftypavif' },
  { format: 'AVIF', at: 4, bytes: 'ftypmif1' },
];

/**
 * Refuses, from its first bytes and its header alone, what must not reach the decoder: by signature, so
 * that no other of the library's loaders (SVG, PDF...) ever sees a stranger's bytes, and by size.
 * @throws EtiquetteError PICTURE_EMPTY, PICTURE_FORMAT_UNSUPPORTED, PICTURE_UNREADABLE, PICTURE_TOO_LARGE.
 */
export async function readPictureHeader(bytes: Uint8Array): Promise<Metadata> {
  if (bytes.byteLength === 0) {
    throw new EtiquetteError('PICTURE_EMPTY', 'The picture file is empty. Send the picture itself.');
  }
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16)).toString(
    'latin1',
  );
  if (!SIGNATURES.some(({ at, bytes: signature }) => start.startsWith(signature, at))) {
    const known = [...new Set(SIGNATURES.map(({ format }) => format))].join(', ');
    throw new EtiquetteError(
      'PICTURE_FORMAT_UNSUPPORTED',
      `The file is not a picture in a format that can be read. Send one of ${known}.`,
    );
  }
  let header: Metadata;
  try {
    header = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (cause) {
    throw unreadable(cause);
  }
  const { width, height } = header;
  if (width * height > MAX_PIXELS || Math.max(width, height) > MAX_SIDE) {
    throw new EtiquetteError(
      'PICTURE_TOO_LARGE',
      `The picture has ${width} x ${height} pixels. Send at most ${MAX_PIXELS / 1e6} megapixels ` +
        `and ${MAX_SIDE} pixels a side.`,
    );
  }
  return header;
}

export function unreadable(cause: unknown): EtiquetteError {
  return new EtiquetteError(
    'PICTURE_UNREADABLE',
    'The picture is damaged or cut short and cannot be decoded. Send the whole file again.',
    { cause },
  );
}
