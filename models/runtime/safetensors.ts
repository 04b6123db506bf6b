import { open, readFile, rename } from 'node:fs/promises';
import { EtiquetteError } from '../../errors.ts';

/** A float32 array with its shape, row-major. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Arrays = Readonly<Record<string, NamedArray>>;

/**
 * Writes arrays in the safetensors format (https://github.com/huggingface/safetensors): no code runs when
 * it is read, other tools read it, and the same arrays always give the same bytes (names sorted).
 * Written beside and renamed. `metadata` is the format's own place for words about the arrays.
 */
export async function writeSafetensors(
  file: string,
  arrays: Arrays,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const names = Object.keys(arrays).sort();
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  let offset = 0;
  for (const name of names) {
    const array = arrays[name] as NamedArray;
    const end = offset + array.data.byteLength;
    header[name] = { dtype: 'F32', shape: array.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));

  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(Buffer.concat([length, padded]));
    for (const name of names) {
      const { data } = arrays[name] as NamedArray;
      await handle.writeFile(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** @throws EtiquetteError MODEL_FILE_CORRUPT when the file is cut short or is not safetensors. */
export async function readSafetensors(file: string): Promise<Arrays> {
  return (await readSafetensorsWithMetadata(file)).arrays;
}

/** @throws EtiquetteError MODEL_FILE_CORRUPT, as readSafetensors. */
export async function readSafetensorsWithMetadata(
  file: string,
): Promise<{ arrays: Arrays; metadata: Readonly<Record<string, string>> }> {
  const bytes = await readFile(file);
  const corrupt = () =>
    new EtiquetteError('MODEL_FILE_CORRUPT', `${file} is damaged or incomplete. Train or fetch it again.`);
  if (bytes.length < 8) throw corrupt();
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const start = 8 + headerLength;
  if (start > bytes.length) throw corrupt();
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  let metadata: Record<string, string>;
  try {
    const { __metadata__ = {}, ...rest } = JSON.parse(bytes.toString('utf8', 8, start));
    header = rest;
    metadata = __metadata__;
  } catch {
    throw corrupt();
  }
  const arrays: Record<string, NamedArray> = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    const [from, to] = data_offsets;
    const size = shape.reduce((product, side) => product * side, 1);
    if (dtype !== 'F32' || to - from !== size * 4 || start + to > bytes.length) throw corrupt();
    const data = new Float32Array(size);
    Buffer.from(data.buffer).set(bytes.subarray(start + from, start + to));
    arrays[name] = { shape, data };
  }
  return { arrays, metadata };
}
