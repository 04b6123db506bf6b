import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PictureRef } from '../../data/catalogue.ts';
import { EtiquetteError, isEtiquetteError } from '../../errors.ts';
import { encodeHeader } from '../encoders/feature-file.ts';
import type { FeatureShard, JobContext } from '../runtime/jobs.ts';
import { pause } from '../runtime/pause.ts';

/** Pictures whose features are computed, written and flushed together: what a kill costs at most. */
const BATCH = 16;
/** Pictures encoded between two looks at the signal, about a second's work. */
const AT_ONCE = 4;

export interface ShardWork {
  readonly shard: FeatureShard;
  readonly picturesDirectory: string;
  /** SHA-256 of the encoder's file. */
  readonly encoder: string;
  readonly featureSize: number;
  decode(bytes: Uint8Array): Promise<Float32Array>;
  encode(pixels: readonly Float32Array[]): Float32Array | Promise<Float32Array>;
}

/** A line of `<file>.log.jsonl`: rows `from` up to but not `to` are on disk. */
interface BatchRecord {
  readonly from: number;
  readonly to: number;
  readonly pid: number;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * Computes a shard's rows into `<file>.partial`, batch by batch, and renames it when it is whole. Killed at any
 * point it goes on after the last whole batch, and ends with the same bytes. The log beside it shows which
 * process did which rows; it plays no part in the computation.
 * @returns how many rows this call computed; 0 when the shard was there
 * @throws EtiquetteError PICTURE_MISSING, PICTURE_CHANGED or a code of `decode`, naming the file.
 */
export async function computeShard(work: ShardWork, context: JobContext): Promise<{ computed: number }> {
  const { file, pictures } = work.shard;
  if (existsSync(file)) return { computed: 0 };
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  const header = encodeHeader({
    encoder: work.encoder,
    featureSize: work.featureSize,
    items: pictures.map(({ sha256 }) => sha256),
  });
  const rowBytes = work.featureSize * Float32Array.BYTES_PER_ELEMENT;

  const handle = await open(partial, existsSync(partial) ? 'r+' : 'w+');
  let computed = 0;
  try {
    const done = await wholeBatches(handle, header, rowBytes, pictures.length);
    let next = decodeBatch(work, done);
    for (let from = done; from < pictures.length; from += BATCH) {
      const pixels = await next;
      // sharp works in threads of its own while TensorFlow keeps this one busy.
      next = decodeBatch(work, from + BATCH);
      const rows = new Float32Array(pixels.length * work.featureSize);
      for (let at = 0; at < pixels.length; at += AT_ONCE) {
        await pause(context);
        rows.set(await work.encode(pixels.slice(at, at + AT_ONCE)), at * work.featureSize);
      }
      await writeAll(handle, new Uint8Array(rows.buffer), header.length + from * rowBytes);
      await handle.datasync();
      await record(`${file}.log.jsonl`, from, from + pixels.length);
      computed += pixels.length;
      context.progress({
        fraction: (from + pixels.length) / pictures.length,
        message: `features of ${from + pixels.length} of ${pictures.length} pictures`,
      });
    }
  } finally {
    await handle.close();
  }
  await rename(partial, file);
  return { computed };
}

/** Cuts the partial file back to its last whole batch, or begins it. @returns the rows that it holds */
async function wholeBatches(
  handle: FileHandle,
  header: Buffer,
  rowBytes: number,
  pictures: number,
): Promise<number> {
  const { size } = await handle.stat();
  const { buffer } = await handle.read(Buffer.alloc(header.length), 0, header.length, 0);
  const rows = Math.trunc((size - header.length) / rowBytes);
  if (rows < 0 || !buffer.equals(header)) {
    await handle.truncate(0);
    await writeAll(handle, header, 0);
    return 0;
  }
  const whole = rows >= pictures ? pictures : rows - (rows % BATCH);
  await handle.truncate(header.length + whole * rowBytes);
  return whole;
}

function decodeBatch(work: ShardWork, from: number): Promise<Float32Array[]> {
  const batch = work.shard.pictures.slice(from, from + BATCH);
  const decoded = Promise.all(batch.map((picture) => decodeOne(work, picture)));
  // It is awaited a batch later: until then a failure must not count as unhandled.
  decoded.catch(() => {});
  return decoded;
}

async function decodeOne(work: ShardWork, { file, sha256 }: PictureRef): Promise<Float32Array> {
  const path = join(work.picturesDirectory, file);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new EtiquetteError(
      'PICTURE_MISSING',
      `${path} cannot be read. Put it back or fetch the catalogue again.`,
      { cause },
    );
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new EtiquetteError(
      'PICTURE_CHANGED',
      `${path} is not the picture that was checked. Fetch and check the catalogue again.`,
    );
  }
  try {
    return await work.decode(bytes);
  } catch (cause) {
    if (!isEtiquetteError(cause)) throw cause;
    throw new EtiquetteError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}

/** At a place, not at the end: should two processes ever work on one shard, both write the same bytes. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

async function record(log: string, from: number, to: number): Promise<void> {
  const line: BatchRecord = { from, to, pid: process.pid, at: new Date().toISOString() };
  await appendFile(log, `${JSON.stringify(line)}\n`);
}
