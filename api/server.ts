import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { CountedResponse } from './counted-response.ts';
import { dropSlowReaders } from './slow-readers.ts';

const HEAD_BYTES = 16 * 1024;
/** Without a byte in either direction. No answer takes so long: the longest is a deployment. */
const SILENCE_MS = 180_000;
const CONNECTIONS = 1000;

export interface HttpServerOptions {
  readonly fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response>;
  /** How long a connection stays open between two requests; longer than that of a proxy before it. */
  readonly keepAliveMs: number;
  /** How long a client may let us wait for the head of a request, or for taking an answer. */
  readonly clientSeconds: number;
  /** Told of what was refused before the app saw it. */
  readonly onRefused: (status: number, code: string) => void;
}

export interface HttpServer {
  /** @throws the socket's error, when the port cannot be had */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** From now on every answer ends its connection, those under way too. */
  endConnections(): void;
  /** Accepts nothing more; resolves when everything accepted is answered. */
  close(): Promise<void>;
}

/** What is wrong with bytes that are no request. A code, and what it says. */
const REFUSALS = {
  REQUEST_MALFORMED: [400, 'This is no request that this server understands: see docs/errors.md.'],
  REQUEST_TIMEOUT: [408, 'The head of the request did not arrive in time.'],
  EXPECTATION_FAILED: [417, 'Of expectations only "100-continue" can be met.'],
  HEADERS_TOO_LARGE: [431, `The head of the request is larger than ${HEAD_BYTES / 1024} KiB.`],
} as const;
type Refusal = keyof typeof REFUSALS;

/**
 * HTTP/1.1 for clients that are slow, broken or hostile: whatever they send, they get a coded 4xx, and nobody holds a
 * connection, a place or memory for long.
 */
export function createHttpServer({
  fetch,
  keepAliveMs,
  clientSeconds,
  onRefused,
}: HttpServerOptions): HttpServer {
  let ending = false;
  const sockets = new Set<Socket>();
  /** The answer that each connection waits for. */
  const open = new Map<Socket, ServerResponse>();

  const answer = getRequestListener(fetch as Parameters<typeof getRequestListener>[0], {
    // What the app's own error handling did not see: a target or a host that makes no URL.
    errorHandler: () => {
      const [status, headers, body] = refusal('REQUEST_MALFORMED');
      onRefused(status, 'REQUEST_MALFORMED');
      return new Response(body, { status, headers });
    },
    // For HTTP/1.0, which knows requests without a host.
    hostname: 'localhost',
  });

  const server = createServer(
    {
      ServerResponse: CountedResponse,
      headersTimeout: clientSeconds * 1000,
      // Bodies have their own rule, in the app: here nobody knows whether they are read.
      requestTimeout: 0,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: HEAD_BYTES,
      insecureHTTPParser: false,
      // Done below: Node's own answer has no body.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      const { socket } = incoming;
      open.set(socket, outgoing);
      outgoing.once('close', () => {
        if (open.get(socket) === outgoing) open.delete(socket);
      });
      if (ending || hasIdleBody(incoming)) outgoing.setHeader('Connection', 'close');
      if (isSound(incoming)) void answer(incoming, outgoing);
      else refuse(outgoing, 'REQUEST_MALFORMED');
    },
  );
  server.maxConnections = CONNECTIONS;
  server.setTimeout(SILENCE_MS);
  const stopWatching = dropSlowReaders(() => open.values(), clientSeconds);

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('checkExpectation', (_incoming, outgoing) => refuse(outgoing, 'EXPECTATION_FAILED'));
  server.on('connect', (_incoming, socket) => refuseRaw(socket as Socket, 'REQUEST_MALFORMED'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuseRaw(socket as Socket, refusalOf(error.code));
  });

  function refuse(outgoing: ServerResponse, code: Refusal): void {
    const [status, headers, body] = refusal(code);
    onRefused(status, code);
    outgoing.writeHead(status, headers).end(body);
  }

  function refuseRaw(socket: Socket, code: Refusal): void {
    const begun = open.get(socket);
    // In the middle of an answer another one would be taken for its rest.
    if (begun?.headersSent && !begun.writableFinished) return void socket.destroy();
    const [status, headers, body] = refusal(code);
    onRefused(status, code);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () =>
      socket.destroy(),
    );
  }

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve(server.address() as AddressInfo);
        });
      }),
    endConnections() {
      ending = true;
      for (const outgoing of open.values()) {
        if (!outgoing.headersSent) outgoing.setHeader('Connection', 'close');
      }
    },
    async close() {
      this.endConnections();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Connections on which nobody has asked anything: server.close() would wait for those that are new.
      for (const socket of sockets) if (!open.has(socket)) socket.destroy();
      await closed;
      stopWatching();
    },
  };
}

function refusal(code: Refusal): [status: number, headers: Record<string, string>, body: string] {
  const [status, detail] = REFUSALS[code];
  const body = JSON.stringify({ detail, code });
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    Connection: 'close',
  };
  return [status, headers, body];
}

function refusalOf(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'REQUEST_TIMEOUT' : 'REQUEST_MALFORMED';
}

/** Of two hosts a proxy may have looked at the other one. Node's parser lets versions pass that it does not speak. */
function isSound({ httpVersion, headersDistinct }: IncomingMessage): boolean {
  const hosts = headersDistinct.host ?? [];
  if (httpVersion === '1.0' && hosts.length === 0) return true;
  return (httpVersion === '1.0' || httpVersion === '1.1') && hosts.length === 1 && hosts[0] !== '';
}

/** Nobody reads it, so that it could hold the connection for ever. */
function hasIdleBody({ method, headers }: IncomingMessage): boolean {
  const announced = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return announced && (method === 'GET' || method === 'HEAD');
}
