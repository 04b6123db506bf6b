import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** What one request did; `bytes` is the part of the body that was handed to the connection. */
export interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
  status: number;
  bytes: number;
}

/** Misbehaviour for one request. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the file. */
  readonly body?: string | Uint8Array;
  /** Cut the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Never answer, or stop in the middle (after `cutAfter` bytes, else at once). */
  readonly hang?: 'headers' | 'body';
}

export interface FileServerOptions {
  readonly directory: string;
  /** Bytes a second and connection; unlimited when absent. */
  readonly bytesPerSecond?: number;
  /** Called for every request, with how many came before it for the same path and method. */
  readonly fault?: (request: ServedRequest, earlier: number) => Fault | undefined;
}

export interface FileServer {
  /** Base URL, ending in a slash. */
  readonly url: string;
  readonly requests: readonly ServedRequest[];
  /** Bytes of bodies served so far, of one path or of all. */
  served(path?: string): number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** A static file server on loopback with ETag, HEAD, Range and If-Range, that can be slow or broken on demand. */
export async function serveFiles(options: FileServerOptions): Promise<FileServer> {
  const requests: ServedRequest[] = [];
  const closing = new AbortController();
  const server = createServer((request, response) => {
    const entry: ServedRequest = {
      method: request.method ?? 'GET',
      path: decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname),
      range: request.headers.range ?? null,
      status: 0,
      bytes: 0,
    };
    const earlier = requests.filter(
      ({ path, method }) => path === entry.path && method === entry.method,
    ).length;
    requests.push(entry);
    const fault = options.fault?.(entry, earlier) ?? {};
    answer(request, response, entry, options, fault, closing.signal).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    served: (path) =>
      requests.reduce((sum, entry) => sum + (path === undefined || entry.path === path ? entry.bytes : 0), 0),
    close: () => {
      closing.abort();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  entry: ServedRequest,
  options: FileServerOptions,
  fault: Fault,
  signal: AbortSignal,
): Promise<void> {
  if (fault.hang === 'headers') return;
  const send = (status: number, headers: Record<string, string | number>) => {
    entry.status = status;
    response.writeHead(status, { ...headers, ...fault.headers });
    response.flushHeaders();
  };
  if (fault.status !== undefined || fault.body !== undefined) {
    const body = Buffer.from(fault.body ?? '');
    send(fault.status ?? 200, { 'content-length': body.length });
    entry.bytes = body.length;
    response.end(body);
    return;
  }
  const file = join(options.directory, normalize(entry.path));
  const facts = await stat(file).catch(() => undefined);
  if (!facts?.isFile()) {
    send(404, { 'content-type': 'text/plain' });
    response.end('Not found');
    return;
  }
  const etag = `"${facts.size.toString(16)}-${Math.round(facts.mtimeMs).toString(16)}"`;
  const common = { etag, 'last-modified': facts.mtime.toUTCString(), 'accept-ranges': 'bytes' };
  const ifRange = request.headers['if-range'];
  const match = ifRange === undefined || ifRange === etag ? /^bytes=(\d+)-$/.exec(entry.range ?? '') : null;
  const start = match === null ? 0 : Number(match[1]);
  if (start > 0 && start >= facts.size) {
    send(416, { ...common, 'content-range': `bytes */${facts.size}` });
    response.end();
    return;
  }
  send(match === null ? 200 : 206, {
    ...common,
    'content-length': facts.size - start,
    ...(match === null ? {} : { 'content-range': `bytes ${start}-${facts.size - 1}/${facts.size}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const chunk =
    options.bytesPerSecond === undefined ? 64 * 1024 : Math.max(1, Math.ceil(options.bytesPerSecond / 20));
  for await (const read of createReadStream(file, { start, highWaterMark: chunk })) {
    let bytes = read as Buffer;
    if (fault.cutAfter !== undefined) bytes = bytes.subarray(0, fault.cutAfter - entry.bytes);
    if (!response.write(bytes)) await drained(response);
    entry.bytes += bytes.length;
    if (fault.cutAfter !== undefined && entry.bytes >= fault.cutAfter) {
      if (fault.hang === undefined) response.destroy();
      return;
    }
    if (fault.hang === 'body' && fault.cutAfter === undefined) return;
    if (response.destroyed) return;
    if (options.bytesPerSecond !== undefined) await wait(50, undefined, { signal });
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
