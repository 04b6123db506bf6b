import { deflateSync } from 'node:zlib';
import { crc32 } from '../../data/crc32.ts';

/** A valid black PNG of 1 bit, or of 4 channels of 16 bits, with `more` chunks; `withoutPixels` only its header tells the size. */
export function blackPng(
  width: number,
  height: number,
  { withoutPixels = false, deep = false, more = [] as readonly Buffer[] } = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = deep ? 16 : 1; // bits
  header[9] = deep ? 6 : 0; // red, green, blue and alpha, or grey
  const bytes = deep ? width * 8 : Math.ceil(width / 8);
  const rows = Buffer.alloc(withoutPixels ? 16 : height * (1 + bytes));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...more,
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A chunk of a PNG: length, type, data, checksum. */
export function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
