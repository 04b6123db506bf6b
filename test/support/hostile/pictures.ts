import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { blackPng, chunk } from '../../api/pictures.ts';
import { jpeg, productForm } from '../../api/support.ts';
import { cases, type HostileCase, type Make } from './case.ts';

const MEGABYTE = 1024 * 1024;

const picture =
  (image: Uint8Array | string | (() => Uint8Array | Promise<Uint8Array>), type = 'image/jpeg'): Make =>
  async () => {
    const bytes = typeof image === 'function' ? await image() : image;
    return { body: await productForm({}, new Blob([bytes as Uint8Array<ArrayBuffer>], { type })) };
  };
const blank = (channels: 3 | 4 = 3, side = 64) =>
  sharp({ create: { width: side, height: side, channels, background: '#2080c0' } });

/** Chunks that unfold to hundreds of megabytes, before the pixels of a sound PNG. */
const unfolding = (type: 'zTXt' | 'iCCP', megabytes: number) => () =>
  blackPng(8, 8, {
    more: [
      chunk(
        type,
        Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(megabytes * MEGABYTE), { level: 1 })]),
      ),
    ],
  });

/** 10,000 frames of one pixel. */
function animation(frames: number): Buffer {
  const header = Buffer.from('GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00', 'latin1');
  const frame = Buffer.from(
    '\x21\xf9\x04\x00\x0a\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00',
    'latin1',
  );
  return Buffer.concat([header, ...Array.from({ length: frames }, () => frame), Buffer.from(';')]);
}

/** A TIFF that says so many pixels, and that they are where there is nothing. */
function tiff(width: number, height: number): Buffer {
  const entries = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 1_000_000],
    [277, 1],
    [278, height],
    [279, width * height],
  ];
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  directory.writeUInt16LE(entries.length);
  entries.forEach(([tag = 0, value = 0], place) => {
    directory.writeUInt16LE(tag, 2 + place * 12);
    directory.writeUInt16LE(4, 4 + place * 12);
    directory.writeUInt32LE(1, 6 + place * 12);
    directory.writeUInt32LE(value, 10 + place * 12);
  });
  return Buffer.concat([Buffer.from('II*\0\x18\0\0\0', 'latin1'), Buffer.alloc(16), directory]);
}

const SVG = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "${'b'.repeat(100)}"><!ENTITY c "${'&a;'.repeat(100)}">]>
  <svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&c;</text></svg>`;

export const PICTURES: readonly HostileCase[] = cases('picture', [
  ['JPEG declared as text/plain', 200, null, picture(jpeg, 'text/plain')],
  ['JPEG declared as application/pdf', 200, null, picture(jpeg, 'application/pdf')],
  ['PNG', 200, null, picture(() => blank().png().toBuffer())],
  ['PNG with transparency', 200, null, picture(() => blank(4).png().toBuffer())],
  ['PNG of 16 bits', 200, null, picture(() => blank().toColourspace('rgb16').png().toBuffer())],
  ['GIF', 200, null, picture(() => blank().gif().toBuffer())],
  ['WebP', 200, null, picture(() => blank().webp().toBuffer())],
  ['JPEG in CMYK', 200, null, picture(() => blank().toColourspace('cmyk').jpeg().toBuffer())],
  ['one pixel', 200, null, picture(() => blank(3, 1).png().toBuffer())],
  [
    'JPEG with junk behind it',
    200,
    null,
    picture(async () => Buffer.concat([await jpeg(), randomBytes(50_000)])),
  ],
  [
    'JPEG with a script behind it',
    200,
    null,
    picture(async () => Buffer.concat([await jpeg(), Buffer.from('<?php system($_GET["c"]);')])),
  ],

  ['an empty picture file', 422, 'PICTURE_EMPTY', picture('')],
  ['a text', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture('a swimming pool')],
  ['HTML', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture('<!doctype html><p>not found</p>')],
  ['SVG with entities that unfold', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture(SVG)],
  [
    'SVG that reads a file',
    415,
    'PICTURE_FORMAT_UNSUPPORTED',
    picture('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
  ],
  ['PDF', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture('%PDF-1.7\n%âãÏÓ\n')],
  [
    'BMP that says 2 gigapixels',
    415,
    'PICTURE_FORMAT_UNSUPPORTED',
    picture(
      Buffer.from('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff\xff\0\0\xff\x7f\0\0\x01\0\x18\0', 'latin1'),
    ),
  ],
  ['random bytes', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture(randomBytes(50_000))],
  [
    'a JPEG’s first bytes, then random ones',
    422,
    'PICTURE_UNREADABLE',
    picture(Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), randomBytes(50_000)])),
  ],
  ['half a JPEG', 422, 'PICTURE_UNREADABLE', picture(async () => (await jpeg()).subarray(0, -200))],
  [
    'the first 200 bytes of a JPEG',
    422,
    'PICTURE_UNREADABLE',
    picture(async () => (await jpeg()).subarray(0, 200)),
  ],
  [
    'a JPEG whose segments lie about their length',
    422,
    'PICTURE_UNREADABLE',
    picture(async () => {
      const bytes = Buffer.from(await jpeg());
      bytes.writeUInt16BE(0xffff, 4);
      return bytes;
    }),
  ],
  [
    'a JPEG that says 65,500 x 65,500',
    413,
    'PICTURE_TOO_LARGE',
    picture(async () => {
      const bytes = Buffer.from(await jpeg());
      const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
      bytes.writeUInt16BE(65_500, frame + 5);
      bytes.writeUInt16BE(65_500, frame + 7);
      return bytes;
    }),
  ],

  [
    'a 1-bit PNG of 10,000 x 10,000 (12 KB)',
    413,
    'PICTURE_TOO_LARGE',
    picture(() => blackPng(10_000, 10_000)),
  ],
  [
    'a 1-bit PNG of 13,000 x 13,000 (20 KB)',
    413,
    'PICTURE_TOO_LARGE',
    picture(() => blackPng(13_000, 13_000)),
  ],
  [
    'a PNG that says 30,000 x 30,000',
    413,
    'PICTURE_TOO_LARGE',
    picture(() => blackPng(30_000, 30_000, { withoutPixels: true })),
  ],
  [
    'a PNG of one pixel by 2 billion',
    422,
    'PICTURE_UNREADABLE',
    picture(() => blackPng(1, 2 ** 31 - 1, { withoutPixels: true })),
  ],
  ['a PNG of 196 megapixels', 413, 'PICTURE_TOO_LARGE', picture(() => blackPng(14_000, 14_000))],
  ['a PNG of 25 megapixels, all that is allowed', 200, null, picture(() => blackPng(5_000, 5_000))],
  ['the same with 4 channels of 16 bits', 200, null, picture(() => blackPng(5_000, 5_000, { deep: true }))],
  [
    'a PNG of 25 megapixels without its pixels',
    422,
    'PICTURE_UNREADABLE',
    picture(() => blackPng(5_000, 5_000, { withoutPixels: true })),
  ],
  ['a PNG with a text that unfolds to 400 MB', 200, null, picture(unfolding('zTXt', 400))],
  ['a PNG with a colour profile that unfolds to 400 MB', 200, null, picture(unfolding('iCCP', 400))],
  ['a GIF of 10,000 frames', 200, null, picture(animation(10_000))],
  ['a TIFF that says 60,000 x 60,000', 413, 'PICTURE_TOO_LARGE', picture(tiff(60_000, 60_000))],
  ['a TIFF whose pixels are missing: they are black', 200, null, picture(tiff(1_000, 1_000))],
  ['an AVIF that says 16,384 x 16,384', 413, 'PICTURE_TOO_LARGE', picture(avifBomb)],
  ['a picture of 9 MB', 413, 'PICTURE_TOO_LARGE', picture(randomBytes(9 * MEGABYTE))],
]);

/** The size in its header is where readers look first. */
async function avifBomb(): Promise<Buffer> {
  const bytes = await blank().avif().toBuffer();
  const extents = bytes.indexOf('ispe');
  bytes.writeUInt32BE(16_384, extents + 8);
  bytes.writeUInt32BE(16_384, extents + 12);
  return bytes;
}
