import { EtiquetteError } from '../errors.ts';

export interface Timeouts {
  /** Milliseconds until the headers of an answer are there, redirects included. */
  readonly connect: number;
  /** Milliseconds without a byte. */
  readonly idle: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connect: 20_000, idle: 30_000 };

const MOST_REDIRECTS = 5;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Checksums of the whole file that the server, or one that redirected, names. */
  readonly checksums: { readonly sha256?: string; readonly md5?: string };
  /** The body's chunks. Ends by a coded, retryable error when it is cut or stalls. */
  body(): AsyncGenerator<Uint8Array>;
  /** Ends the connection without reading the body. */
  discard(): Promise<void>;
}

/**
 * One request by the built-in fetch: bounded in time and redirects, never from https to http.
 * @throws EtiquetteError DOWNLOAD_UNREACHABLE, DOWNLOAD_TIMEOUT, DOWNLOAD_INTERRUPTED (retryable),
 *   DOWNLOAD_REDIRECT
 */
export async function request(
  url: string,
  options: {
    method: 'GET' | 'HEAD';
    headers?: Record<string, string>;
    timeouts: Timeouts;
    signal: AbortSignal | undefined;
  },
): Promise<Answer> {
  const { timeouts, signal } = options;
  const stalled = new AbortController();
  const stop = signal === undefined ? stalled.signal : AbortSignal.any([stalled.signal, signal]);
  const timer = (milliseconds: number) =>
    setTimeout(() => stalled.abort(timedOut(url, milliseconds)), milliseconds);
  let checksums: Answer['checksums'] = {};

  const connecting = timer(timeouts.connect);
  try {
    let target = new URL(url);
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const response = await fetch(target, {
        method: options.method,
        // Byte counts and ranges only mean something for the file as it is stored.
        headers: { 'accept-encoding': 'identity', ...options.headers },
        redirect: 'manual',
        signal: stop,
      });
      checksums = { ...checksums, ...checksumsOf(response.headers) };
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        target = nextHop(target, location);
        continue;
      }
      return {
        status: response.status,
        headers: response.headers,
        checksums,
        body: () => readBody(response, url, () => timer(timeouts.idle), stop),
        discard: async () => {
          await response.body?.cancel();
        },
      };
    }
  } catch (error) {
    throw explain(error, stop, url, 'DOWNLOAD_UNREACHABLE', 'cannot be reached');
  } finally {
    clearTimeout(connecting);
  }
  throw new EtiquetteError(
    'DOWNLOAD_REDIRECT',
    `${withoutQuery(url)} redirects more than ${MOST_REDIRECTS} times. Check the address.`,
  );
}

async function* readBody(
  response: Response,
  url: string,
  startTimer: () => NodeJS.Timeout,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  let idle = startTimer();
  try {
    for await (const chunk of response.body) {
      clearTimeout(idle);
      yield chunk;
      idle = startTimer();
    }
  } catch (error) {
    throw explain(error, stop, url, 'DOWNLOAD_INTERRUPTED', 'broke off');
  } finally {
    clearTimeout(idle);
  }
}

function nextHop(from: URL, location: string): URL {
  const to = new URL(location, from);
  const safe = to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:');
  if (safe) return to;
  throw new EtiquetteError(
    'DOWNLOAD_REDIRECT',
    `${withoutQuery(from.href)} redirects to ${to.protocol}, which is not followed. Check the address.`,
  );
}

/** Hugging Face names a stored file's SHA-256 (X-Linked-ETag), Google Storage its MD5 (X-Goog-Hash). */
function checksumsOf(headers: Headers): Answer['checksums'] {
  const sha256 = /^"?([0-9a-f]{64})"?$/.exec(headers.get('x-linked-etag') ?? '')?.[1];
  const md5 = /md5=([A-Za-z0-9+/]{22}==)/.exec(headers.get('x-goog-hash') ?? '')?.[1];
  return {
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(md5 === undefined ? {} : { md5: Buffer.from(md5, 'base64').toString('hex') }),
  };
}

/** What stopped it: the caller, a time-out, an error of ours, or the network. */
function explain(error: unknown, stop: AbortSignal, url: string, code: string, what: string): unknown {
  if (stop.aborted) return stop.reason;
  // fetch reports every network failure as a TypeError with a cause.
  if (!(error instanceof TypeError)) return error;
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return new EtiquetteError(
    code,
    `${withoutQuery(url)} ${what}${cause}. Check the connection and the address.`,
    {
      retryable: true,
      cause: error,
    },
  );
}

function timedOut(url: string, milliseconds: number): EtiquetteError {
  return new EtiquetteError(
    'DOWNLOAD_TIMEOUT',
    `${withoutQuery(url)} sent nothing for ${milliseconds / 1000} s. Try again later.`,
    { retryable: true },
  );
}

/** For messages: a query may carry a signature, a user part a password. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
