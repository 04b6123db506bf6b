import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  /** Lower-case names; the last one of a name counts. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Everything that came, until the connection was closed by the other side. */
  readonly text: string;
}

/**
 * Sends exactly these bytes over a connection of its own, as no HTTP library would, and reads until the server closes
 * it. Several pieces are sent one by one, each when the one before has left. Send `Connection: close` with requests
 * that the server may find sound.
 * @param url - `http://host:port`, as `startApi` tells it
 * @throws the socket's error, when the server could not be reached
 */
export async function rawRequest(
  url: string,
  ...pieces: readonly (string | Uint8Array)[]
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  const closed = new Promise<void>((resolve, reject) => {
    socket.on('close', () => resolve());
    // A server that refuses what is still being sent resets the connection: its answer counts.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
  });
  const sent = (async () => {
    for (const piece of pieces) {
      if (socket.destroyed) return;
      await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    }
  })();
  await Promise.all([closed, sent]);
  return parseAnswer(Buffer.concat(received).toString('latin1'));
}

/** The first answer in the text. Interim ones (100 Continue) are skipped. */
export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n');
  const status = Number(statusLine.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? 0);
  if (status >= 100 && status < 200) return parseAnswer(text.slice(end + 4));
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const rest = text.slice(end + 4);
  return { status, headers, body: headers['transfer-encoding'] === 'chunked' ? unchunked(rest) : rest, text };
}

function unchunked(rest: string): string {
  const [size = '', ...lines] = rest.split('\r\n');
  const length = Number.parseInt(size, 16);
  if (!(length > 0)) return '';
  const following = lines.join('\r\n');
  return following.slice(0, length) + unchunked(following.slice(length + 2));
}
