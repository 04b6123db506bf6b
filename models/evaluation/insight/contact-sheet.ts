import sharp from 'sharp';
import { isEtiquetteError } from '../../../errors.ts';
import { MAX_PIXELS, readPictureHeader } from '../../image/picture-format.ts';
import { escapeXml, excerpt } from './text.ts';

/** A product on a contact sheet. */
export interface Tile {
  /** Relative to the catalogue's folder. */
  readonly picture: string | null;
  /** Shown in the picture's place when there is none. */
  readonly designation: string;
  readonly lines: readonly { readonly text: string; readonly strong: boolean }[];
}

export const COLUMNS = 5;
const WIDTH = 270;
const THUMBNAIL = { width: 250, height: 180 } as const;
const LINE = 16;
const GAP = 10;
const CHARACTERS = 40;

/**
 * Pictures of products with a few words under each, as one JPEG, at most COLUMNS a row. `read` gives a picture's bytes, null when it cannot
 * be had. The pictures are strangers': only known formats of bounded size are decoded, and one that
 * cannot be is left out.
 */
export async function contactSheet(
  rows: readonly (readonly Tile[])[],
  read: (file: string) => Promise<Uint8Array | null>,
): Promise<Buffer> {
  const tiles = rows.flatMap((own, row) =>
    own.slice(0, COLUMNS).map((tile, column) => ({ tile, row, column })),
  );
  const lines = Math.max(0, ...tiles.map(({ tile }) => tile.lines.length));
  const height = THUMBNAIL.height + (lines + 1) * LINE + 2 * GAP;
  const thumbnails: { input: Buffer; left: number; top: number }[] = [];
  const words: string[] = [];
  for (const { tile, row, column } of tiles) {
    const [left, top] = [column * WIDTH + GAP, row * height + GAP];
    const bytes = tile.picture === null ? null : await read(tile.picture);
    const input = bytes && (await thumbnail(bytes));
    if (input) thumbnails.push({ input, left, top });
    else {
      words.push(
        `<rect x="${left}" y="${top}" width="${THUMBNAIL.width}" height="${THUMBNAIL.height}" fill="#f3f4f6"/>`,
      );
      words.push(
        ...wrap(tile.designation, 34, 7).map((text, line) =>
          textLine(text, left + 8, top + 24 + line * LINE, false, '#57606a'),
        ),
      );
    }
    tile.lines.forEach(({ text, strong }, line) => {
      words.push(
        textLine(
          excerpt(text, CHARACTERS),
          left,
          top + THUMBNAIL.height + (line + 1) * LINE,
          strong,
          '#1b1f24',
        ),
      );
    });
  }
  const size = { width: COLUMNS * WIDTH, height: rows.length * height };
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" ` +
    `font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="11">` +
    `<rect width="100%" height="100%" fill="white"/>${words.join('')}</svg>`;
  return sharp(Buffer.from(svg)).composite(thumbnails).jpeg({ quality: 85 }).toBuffer();
}

/** On white, so that no picture shows through another; null when it cannot be decoded. */
async function thumbnail(bytes: Uint8Array): Promise<Buffer | null> {
  try {
    await readPictureHeader(bytes);
  } catch (error) {
    if (isEtiquetteError(error)) return null;
    throw error;
  }
  return sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'truncated' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize({ ...THUMBNAIL, fit: 'contain', background: '#ffffff' })
    .toColourspace('srgb')
    .png()
    .toBuffer()
    .catch(() => null);
}

function textLine(text: string, x: number, y: number, strong: boolean, colour: string): string {
  return `<text x="${x}" y="${y}" fill="${colour}"${strong ? ' font-weight="bold"' : ''}>${escapeXml(text)}</text>`;
}

function wrap(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = excerpt(word, width);
    }
  }
  return [...lines, line].slice(0, most);
}
