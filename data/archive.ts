import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';
import { isPictureFile } from './manifest.ts';

/** What an archive may hold. The challenge's has 98,728 pictures in 2.5 GB, none above 0.3 MB. */
export interface ArchiveLimits {
  readonly entries: number;
  readonly bytes: number;
  readonly entryBytes: number;
  /** Unpacked to packed size of an entry. JPEG hardly shrinks: a high ratio is no picture. */
  readonly ratio: number;
}

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  entries: 200_000,
  bytes: 16 * 1024 ** 3,
  entryBytes: 20 * 1024 ** 2,
  ratio: 100,
};

/** A picture in the archive; `file` is relative to the pictures' folder. */
export interface PictureEntry {
  readonly file: string;
  readonly entry: Entry;
}

export interface PictureArchive {
  readonly zip: ZipFile;
  readonly pictures: readonly PictureEntry[];
  /** Files that are no pictures of the challenge: not extracted. */
  readonly ignored: number;
}

export const STORED = 0;
export const DEFLATED = 8;
const LINK = 0o120000;
const FILE_TYPE = 0o170000;

/**
 * Opens an archive and looks at every entry before a byte is unpacked. The caller closes `zip`.
 * @throws EtiquetteError CATALOGUE_ARCHIVE_CORRUPT (cut short, no zip), CATALOGUE_ARCHIVE_PATH (absolute, or
 *   escaping by ..), CATALOGUE_ARCHIVE_LINK, CATALOGUE_ARCHIVE_ENCRYPTED, CATALOGUE_ARCHIVE_DUPLICATE,
 *   CATALOGUE_ARCHIVE_BOMB
 */
export async function openPictureArchive(
  file: string,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
): Promise<PictureArchive> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(file, { lazyEntries: true, autoClose: false, strictFileNames: true });
    if (zip.entryCount > limits.entries) throw bomb(`${zip.entryCount} entries`);
    const pictures = new Map<string, Entry>();
    let ignored = 0;
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      checkEntry(entry, limits);
      bytes += entry.uncompressedSize;
      if (bytes > limits.bytes) throw bomb(`more than ${limits.bytes} bytes`);
      const name = pictureName(entry.fileName);
      if (name === null) {
        if (!entry.fileName.endsWith('/')) ignored++;
        continue;
      }
      if (pictures.has(name)) {
        throw refused('CATALOGUE_ARCHIVE_DUPLICATE', `holds ${name} twice`);
      }
      pictures.set(name, entry);
    }
    return { zip, pictures: [...pictures].map(([name, entry]) => ({ file: name, entry })), ignored };
  } catch (error) {
    zip?.close();
    throw explainArchive(error);
  }
}

/** Errors of the zip reader, coded. */
export function explainArchive(error: unknown): unknown {
  if (isEtiquetteError(error) || !(error instanceof Error)) return error;
  if ('syscall' in error || error.name === 'AbortError') return error;
  if (/^(absolute path|invalid relative path|invalid characters in fileName)/.test(error.message)) {
    return refused('CATALOGUE_ARCHIVE_PATH', `holds a path that leads out of it (${error.message})`);
  }
  if (/encrypt/.test(error.message)) return refused('CATALOGUE_ARCHIVE_ENCRYPTED', 'is encrypted');
  return refused('CATALOGUE_ARCHIVE_CORRUPT', `is damaged or cut short (${error.message})`, error);
}

export function corrupt(what: string): EtiquetteError {
  return refused('CATALOGUE_ARCHIVE_CORRUPT', `is damaged: ${what}`);
}

function bomb(what: string): EtiquetteError {
  return refused('CATALOGUE_ARCHIVE_BOMB', `would unpack to ${what}`);
}

function refused(code: string, what: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(code, `The pictures' archive ${what}. Fetch or pack it again.`, {
    ...(cause === undefined ? {} : { cause }),
  });
}

function checkEntry(entry: Entry, limits: ArchiveLimits): void {
  const name = entry.fileName;
  if (entry.isEncrypted()) throw refused('CATALOGUE_ARCHIVE_ENCRYPTED', `holds an encrypted entry (${name})`);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw corrupt(`${name} is packed by method ${entry.compressionMethod}`);
  }
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === LINK) {
    throw refused('CATALOGUE_ARCHIVE_LINK', `holds a link (${name})`);
  }
  if (entry.uncompressedSize > limits.entryBytes) throw bomb(`${entry.uncompressedSize} bytes in ${name}`);
  if (entry.uncompressedSize > limits.ratio * Math.max(entry.compressedSize, 1024)) {
    throw bomb(`${entry.uncompressedSize} bytes from ${entry.compressedSize} in ${name}`);
  }
}

/** `images/image_train/...` or `image_train/...` at the root. */
function pictureName(fileName: string): string | null {
  const name = fileName.startsWith('images/') ? fileName.slice('images/'.length) : fileName;
  return isPictureFile(name) ? name : null;
}
