import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../data/crc32.ts';

/** An entry of a zip; what is set beside name and data is written as it stands, true or not. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  /** 0 stored, 8 deflated (default). */
  readonly method?: 0 | 8;
  /** General purpose flags: 1 is "encrypted". */
  readonly flags?: number;
  /** Unix mode: 0o120777 is a symbolic link. */
  readonly mode?: number;
  readonly crc?: number;
  readonly announcedSize?: number;
}

/**
 * The bytes of a zip, well formed unless told otherwise: for tests of what must be refused.
 * @param announcedEntries number of entries in a zip64 end record, instead of the true one
 */
export function zipOf(entries: readonly ZipEntry[], announcedEntries?: number): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const method = entry.method ?? 8;
    const packed = method === 8 ? deflateRawSync(entry.data) : Buffer.from(entry.data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE((entry.flags ?? 0) | 0x800, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(entry.crc ?? crc32(entry.data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(entry.announcedSize ?? entry.data.length, 18);
    common.writeUInt16LE(name.length, 22);
    locals.push(u32(0x04034b50), common, name, packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    central.push(u32(0x02014b50), Buffer.from([20, 3]), common, rest, name);
    offset += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(announcedEntries === undefined ? entries.length : 0xffff, 4);
  end.writeUInt16LE(announcedEntries === undefined ? entries.length : 0xffff, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  const zip64 = announcedEntries === undefined ? [] : zip64End(announcedEntries, directory.length, offset);
  return Buffer.concat([...locals, directory, ...zip64, u32(0x06054b50), end]);
}

function zip64End(entries: number, size: number, offset: number): Buffer[] {
  const record = Buffer.alloc(52);
  record.writeBigUInt64LE(44n, 0);
  record.writeBigUInt64LE(BigInt(entries), 20);
  record.writeBigUInt64LE(BigInt(entries), 28);
  record.writeBigUInt64LE(BigInt(size), 36);
  record.writeBigUInt64LE(BigInt(offset), 44);
  const locator = Buffer.alloc(16);
  locator.writeBigUInt64LE(BigInt(offset + size), 4);
  locator.writeUInt32LE(1, 12);
  return [u32(0x06064b50), record, u32(0x07064b50), locator];
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
