import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import {
  type ArchiveLimits,
  corrupt,
  DEFAULT_ARCHIVE_LIMITS,
  DEFLATED,
  explainArchive,
  openPictureArchive,
} from './archive.ts';
import { forEachConcurrently } from './concurrency.ts';
import { crc32 } from './crc32.ts';
import { PICTURE_FOLDERS } from './manifest.ts';

const ENTRIES_AT_ONCE = 4;

export interface ExtractOptions {
  /** A zip file; only read. */
  readonly archive: string;
  /** The pictures' folder: holds exactly the archive's pictures afterwards. */
  readonly directory: string;
  readonly limits?: Partial<ArchiveLimits>;
  readonly signal?: AbortSignal | undefined;
  /** 0..1 of the pictures' bytes. */
  readonly onFraction?: (fraction: number) => void;
}

export interface Extracted {
  readonly written: number;
  /** On disk already, with the right size and CRC: a stopped extraction goes on from here. */
  readonly kept: number;
  /** Entries that are no pictures of the challenge. */
  readonly ignored: number;
}

/**
 * Unpacks the pictures of an archive, entry by entry as streams; each is written beside and renamed.
 * @throws EtiquetteError CATALOGUE_ARCHIVE_*, see openPictureArchive
 */
export async function extractPictures(options: ExtractOptions): Promise<Extracted> {
  const { directory, signal } = options;
  const limits = { ...DEFAULT_ARCHIVE_LIMITS, ...options.limits };
  const { zip, pictures, ignored } = await openPictureArchive(options.archive, limits);
  try {
    for (const folder of new Set(pictures.map(({ file }) => dirname(file)))) {
      await mkdir(join(directory, folder), { recursive: true });
    }
    const total = pictures.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
    let done = 0;
    let written = 0;
    await forEachConcurrently(pictures, ENTRIES_AT_ONCE, async ({ file, entry }) => {
      signal?.throwIfAborted();
      const target = join(directory, file);
      if (!(await isUnpacked(target, entry))) {
        await unpack(options.archive, zip, entry, target, signal);
        written++;
      }
      done += entry.uncompressedSize;
      options.onFraction?.(done / total);
    });
    await removeOthers(directory, new Set(pictures.map(({ file }) => file)));
    return { written, kept: pictures.length - written, ignored };
  } catch (error) {
    throw explainArchive(error);
  } finally {
    zip.close();
  }
}

async function isUnpacked(file: string, entry: Entry): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  if (facts?.size !== entry.uncompressedSize) return false;
  let sum = 0;
  for await (const chunk of createReadStream(file)) sum = crc32(chunk as Buffer, sum);
  return sum === entry.crc32;
}

/**
 * Reads the entry by Node's own streams. Those of the zip library share a queue of reads, and one destroyed in
 * that queue (a cancelled extraction) throws where nobody can catch it and takes the process down.
 */
async function unpack(
  archive: string,
  zip: ZipFile,
  entry: Entry,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const beside = `${target}.part`;
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed =
    entry.compressedSize === 0
      ? Readable.from([])
      : createReadStream(archive, { start: fileDataStart, end: fileDataStart + entry.compressedSize - 1 });
  const inflate = entry.compressionMethod === DEFLATED ? createInflateRaw() : new PassThrough();
  let bytes = 0;
  let sum = 0;
  // Counted while it is unpacked: the size in the archive's directory may be a lie.
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      sum = crc32(chunk, sum);
      done(
        bytes > entry.uncompressedSize ? corrupt(`${entry.fileName} unpacks to more than it says`) : null,
        chunk,
      );
    },
  });
  try {
    const options = signal === undefined ? {} : { signal };
    await pipeline(packed, inflate, count, createWriteStream(beside), options);
    if (bytes !== entry.uncompressedSize || sum !== entry.crc32) {
      throw corrupt(`size or checksum of ${entry.fileName} does not fit`);
    }
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    signal?.throwIfAborted();
    throw error;
  }
}

/** What an earlier archive or a killed run left would otherwise count as part of the catalogue. */
async function removeOthers(directory: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const folder of PICTURE_FOLDERS) {
    const names = await readdir(join(directory, folder)).catch(() => []);
    for (const name of names) {
      if (!wanted.has(`${folder}/${name}`)) await rm(join(directory, folder, name), { force: true });
    }
  }
}
