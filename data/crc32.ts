const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * The CRC-32 of zip files; pass the last result on to go on with more bytes. (zlib.crc32 needs Node 20.15.)
 * @example crc32(Buffer.from('b'), crc32(Buffer.from('a'))) === crc32(Buffer.from('ab'))
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let value = ~before;
  for (let place = 0; place < bytes.length; place++) {
    value = (TABLE[(value ^ (bytes[place] as number)) & 0xff] as number) ^ (value >>> 8);
  }
  return ~value >>> 0;
}
