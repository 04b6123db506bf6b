import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { EtiquetteError } from '../../errors.ts';

/**
 * A shard of features is a safetensors file with one array, `features` [items, featureSize], and the SHA-256 of
 * the items (pictures' files, or texts) in row order in its metadata. Its header depends on its inputs alone, so
 * it can be written before the first row is known.
 */
export interface ShardHeader {
  readonly featureSize: number;
  /** SHA-256 of each row's picture or text. */
  readonly items: readonly string[];
  /** SHA-256 of the encoder's file. */
  readonly encoder: string;
}

export function encodeHeader({ featureSize, items, encoder }: ShardHeader): Buffer {
  const end = items.length * featureSize * Float32Array.BYTES_PER_ELEMENT;
  const header = {
    __metadata__: { encoder, items: items.join(' ') },
    features: { dtype: 'F32', shape: [items.length, featureSize], data_offsets: [0, end] },
  };
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}

/** @throws EtiquetteError FEATURES_CORRUPT when the file is no whole shard. */
export async function readHeader(file: string): Promise<ShardHeader & { readonly bytes: number }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const start = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const length = start.bytesRead === 8 ? Number(start.buffer.readBigUInt64LE(0)) : size;
    const bytes = 8 + length;
    if (bytes > size) throw corrupt(file);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, 8);
    let header: {
      __metadata__: { encoder: string; items: string };
      features: { shape: [number, number]; data_offsets: [number, number] };
    };
    try {
      header = JSON.parse(buffer.toString('utf8'));
    } catch {
      throw corrupt(file);
    }
    const { encoder, items } = header.__metadata__;
    const { shape, data_offsets } = header.features;
    if (bytes + data_offsets[1] !== size) throw corrupt(file);
    return { encoder, items: items.split(' '), featureSize: shape[1], bytes };
  } finally {
    await handle.close();
  }
}

/** Files kept open: a shuffled batch jumps between shards, and a large catalogue has more than a process may open. */
const MOST_OPEN = 64;

/** Reads rows at their place; the system's file cache keeps what is read often. */
export function createRowReader(): {
  read(file: string, position: number, row: Float32Array): void;
  close(): void;
} {
  const descriptors = new Map<string, number>();
  const descriptor = (file: string): number => {
    const known = descriptors.get(file);
    descriptors.delete(file);
    const one = known ?? openSync(file, 'r');
    descriptors.set(file, one);
    const [oldest] = descriptors;
    if (oldest && descriptors.size > MOST_OPEN) {
      descriptors.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    return one;
  };
  return {
    // Synchronous on purpose: a row is a memory copy out of the system's cache, and TensorFlow's next call
    // blocks this process anyway.
    read(file, position, row) {
      const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
      if (readSync(descriptor(file), bytes, 0, bytes.length, position) !== bytes.length) throw corrupt(file);
    },
    close() {
      for (const one of descriptors.values()) closeSync(one);
      descriptors.clear();
    },
  };
}

function corrupt(file: string): EtiquetteError {
  return new EtiquetteError('FEATURES_CORRUPT', `${file} is damaged. Delete it: it is computed again.`);
}
