import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import { writeAtomic } from './atomic.ts';
import { type Answer, DEFAULT_TIMEOUTS, request, type Timeouts, withoutQuery } from './http.ts';
import { hashFile } from './manifest.ts';
import { DEFAULT_RETRY, type Retry, withRetries } from './retry.ts';

export interface DownloadOptions {
  readonly url: string;
  /** Where the finished file goes; until then it grows as `<file>.partial`. */
  readonly file: string;
  /** Expected checksums, hex. A file that is there already and matches is not asked for again. */
  readonly sha256?: string;
  readonly md5?: string;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<Retry>;
  /** Bytes on disk so far, and of the whole file when the server says so. */
  readonly onProgress?: (progress: { bytes: number; total: number | null }) => void;
}

export interface Downloaded {
  readonly bytes: number;
  /** What came over the network this time; 0 when the file was there. */
  readonly transferred: number;
}

/** What is known of a file on the server: kept beside the partial file, then beside the finished one. */
interface Identity {
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly bytes: number | null;
  readonly sha256?: string;
  readonly md5?: string;
}

const DEFAULT_MOST_BYTES = 64 * 1024 ** 3;

/**
 * Downloads a file so that it can be stopped at any byte, by kill -9 too, and goes on from there: by Range and
 * If-Range, so a file that changed on the server starts again. Size and checksums are checked, then the file is
 * renamed into place. A finished file is kept when the server's ETag (or date) and size are still the same.
 * @throws EtiquetteError retryable: DOWNLOAD_UNREACHABLE, DOWNLOAD_TIMEOUT, DOWNLOAD_INTERRUPTED,
 *   DOWNLOAD_SERVER_ERROR, DOWNLOAD_CHANGED; not: DOWNLOAD_NOT_FOUND, DOWNLOAD_REFUSED, DOWNLOAD_IS_HTML,
 *   DOWNLOAD_CHECKSUM, DOWNLOAD_TOO_LARGE, DOWNLOAD_REDIRECT
 * @example await downloadFile({ url, file: 'var/encoders/vgg16.h5', md5: '6d6bbae143d832006294945121d1f1fc' });
 */
export async function downloadFile(options: DownloadOptions): Promise<Downloaded> {
  await mkdir(dirname(options.file), { recursive: true });
  const download = new Download(options);
  const retry = { ...DEFAULT_RETRY, ...options.retry };
  const { signal } = options;
  const kept = await withRetries(() => download.isCurrent(), { retry, signal });
  if (kept !== null) return { bytes: kept, transferred: 0 };

  let before = 0;
  const progressed = () => {
    const since = download.transferred - before;
    before = download.transferred;
    return since > 0 && !download.startedAgain;
  };
  let bytes = await withRetries(() => download.proceed(), { retry, signal, progressed });
  if (!(await download.isSound())) {
    // Once more from the start: a resumed file may have been damaged on this side.
    bytes = await withRetries(() => download.proceed(), { retry, signal, progressed });
    if (!(await download.isSound()))
      throw download.error(
        'DOWNLOAD_CHECKSUM',
        'does not have the expected checksum. Check the address and the checksum',
      );
  }
  await download.finish();
  return { bytes, transferred: download.transferred };
}

class Download {
  transferred = 0;
  /** The last try threw away what an earlier one had brought. */
  startedAgain = false;
  readonly #options: DownloadOptions;
  readonly #timeouts: Timeouts;
  readonly #partial: string;
  readonly #partialIdentity: string;
  readonly #receipt: string;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#partial = `${options.file}.partial`;
    this.#partialIdentity = `${options.file}.partial.json`;
    this.#receipt = `${options.file}.download.json`;
  }

  /** @returns the size of a finished file that need not be fetched, else null */
  async isCurrent(): Promise<number | null> {
    const { file, sha256, md5 } = this.#options;
    const size = await sizeOf(file);
    if (size === null) return null;
    if (sha256 !== undefined || md5 !== undefined)
      return (await matches(file, { sha256, md5 })) ? size : null;
    const known = await readIdentity(this.#receipt);
    if (known === null || known.bytes !== size) return null;
    const answer = await request(this.#options.url, {
      method: 'HEAD',
      timeouts: this.#timeouts,
      signal: this.#options.signal,
    });
    // Some servers refuse HEAD: the download itself then says what is wrong, if anything is.
    if (answer.status !== 200) return null;
    return sameFile(known, identify(answer, lengthOf(answer))) ? size : null;
  }

  /** Brings the partial file to its end. @returns its size */
  async proceed(): Promise<number> {
    const { url, signal } = this.#options;
    this.startedAgain = false;
    const known = await readIdentity(this.#partialIdentity);
    const have = known === null ? 0 : ((await sizeOf(this.#partial)) ?? 0);
    if (known !== null && have > 0 && have === known.bytes) return have;

    const validator = known === null ? null : (strong(known.etag) ?? known.lastModified);
    const resume = have > 0 && (validator !== null || known?.etag !== null);
    const headers: Record<string, string> = resume ? { range: `bytes=${have}-` } : {};
    if (resume && validator !== null) headers['if-range'] = validator;
    const answer = await request(url, { method: 'GET', headers, timeouts: this.#timeouts, signal });
    try {
      await this.#checkStatus(answer);
      if (answer.status === 206) {
        const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers.get('content-range') ?? '');
        const fits = Number(range?.[1]) === have && known !== null;
        if (!fits || !sameFile(known, identify(answer, Number(range?.[2])))) {
          await this.#startAgain();
          throw this.error('DOWNLOAD_CHANGED', 'changed during the download. Try again', true);
        }
        return await this.#write(answer, have, Number(range?.[2]));
      }
      const identity = identify(answer, lengthOf(answer));
      this.startedAgain = have > 0;
      await rm(this.#partial, { force: true });
      await writeAtomic(this.#partialIdentity, JSON.stringify({ ...identity, ...answer.checksums }));
      return await this.#write(answer, 0, identity.bytes);
    } finally {
      await answer.discard().catch(() => {});
    }
  }

  /** Whether every known checksum fits; when not, the partial file is thrown away. */
  async isSound(): Promise<boolean> {
    const { sha256, md5 } = this.#options;
    const served = await readIdentity(this.#partialIdentity);
    const sound =
      (await matches(this.#partial, { sha256, md5 })) &&
      (await matches(this.#partial, { sha256: served?.sha256, md5: served?.md5 }));
    if (!sound) await this.#startAgain();
    return sound;
  }

  /** The old file goes first: killed here, the next run finds a complete partial file and no wrong receipt. */
  async finish(): Promise<void> {
    const { file } = this.#options;
    const known = await readIdentity(this.#partialIdentity);
    const bytes = await sizeOf(this.#partial);
    await rm(file, { force: true });
    await writeAtomic(this.#receipt, `${JSON.stringify({ ...known, bytes })}\n`);
    await rename(this.#partial, file);
    await rm(this.#partialIdentity, { force: true });
  }

  error(
    code: string,
    what: string,
    retryable = false,
    details: Record<string, unknown> = {},
  ): EtiquetteError {
    return new EtiquetteError(code, `${withoutQuery(this.#options.url)} ${what}.`, { retryable, details });
  }

  async #checkStatus({ status, headers }: Answer): Promise<void> {
    if (status === 416) {
      await this.#startAgain();
      throw this.error('DOWNLOAD_CHANGED', 'is shorter than what was fetched of it. Try again', true);
    }
    if (status === 404 || status === 410) {
      throw this.error('DOWNLOAD_NOT_FOUND', `is not there (HTTP ${status}). Check the address`);
    }
    if (status >= 500 || status === 429 || status === 408) {
      const retryAfter = Number(headers.get('retry-after') ?? 0) || 0;
      throw this.error('DOWNLOAD_SERVER_ERROR', `answers HTTP ${status}. Try again later`, true, {
        status,
        retryAfter,
      });
    }
    if (status !== 200 && status !== 206) {
      throw this.error('DOWNLOAD_REFUSED', `answers HTTP ${status}. Check the address and your access to it`);
    }
    if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) throw this.#isHtml();
  }

  /** Writes the body at its place in the partial file. @returns the size reached */
  async #write(answer: Answer, from: number, total: number | null): Promise<number> {
    const most = this.#options.maxBytes ?? DEFAULT_MOST_BYTES;
    let position = from;
    const checkSize = async (bytes: number) => {
      if (bytes <= most) return;
      await this.#startAgain();
      throw this.error('DOWNLOAD_TOO_LARGE', `is larger than ${most} bytes. Check the address`);
    };
    await checkSize(total ?? 0);
    const handle = await open(this.#partial, from === 0 ? 'w' : 'r+');
    try {
      for await (const chunk of answer.body()) {
        if (position === 0 && looksLikeHtml(chunk)) {
          await this.#startAgain();
          throw this.#isHtml();
        }
        await checkSize(position + chunk.length);
        await handle.write(chunk, 0, chunk.length, position);
        position += chunk.length;
        this.transferred += chunk.length;
        this.#options.onProgress?.({ bytes: position, total });
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (total !== null && position !== total) {
      throw this.error('DOWNLOAD_INTERRUPTED', `broke off at ${position} of ${total} bytes. Try again`, true);
    }
    return position;
  }

  async #startAgain(): Promise<void> {
    this.startedAgain = true;
    await rm(this.#partial, { force: true });
    await rm(this.#partialIdentity, { force: true });
  }

  #isHtml(): EtiquetteError {
    return this.error(
      'DOWNLOAD_IS_HTML',
      `answers ${basename(this.#options.file)} with a web page. Check the address, and whether it asks for a login`,
    );
  }
}

function identify({ headers }: Answer, bytes: number | null): Identity {
  return { etag: headers.get('etag'), lastModified: headers.get('last-modified'), bytes };
}

/** Length of the whole file; unknown when the body is sent encoded after all, or in chunks. */
function lengthOf({ headers }: Answer): number | null {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? null : Number(length);
}

/** By ETag where both have one, else by date; sizes must agree where known. */
function sameFile(known: Identity, now: Identity): boolean {
  if (known.bytes !== null && now.bytes !== null && known.bytes !== now.bytes) return false;
  if (known.etag !== null && now.etag !== null) return known.etag === now.etag;
  return known.lastModified !== null && known.lastModified === now.lastModified;
}

/** If-Range takes no weak ETag. */
function strong(etag: string | null): string | null {
  return etag?.startsWith('"') ? etag : null;
}

async function matches(
  file: string,
  expected: { sha256?: string | undefined; md5?: string | undefined },
): Promise<boolean> {
  for (const algorithm of ['sha256', 'md5'] as const) {
    const wanted = expected[algorithm];
    if (wanted !== undefined && (await hashFile(file, algorithm)) !== wanted.toLowerCase()) return false;
  }
  return true;
}

function looksLikeHtml(chunk: Uint8Array): boolean {
  return /^\s*<(!doctype html|html|head)\b/i.test(Buffer.from(chunk.subarray(0, 256)).toString('latin1'));
}

async function sizeOf(file: string): Promise<number | null> {
  return (await stat(file).catch(() => undefined))?.size ?? null;
}

async function readIdentity(file: string): Promise<Identity | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Identity;
  } catch {
    return null;
  }
}
