import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { type Notification, notification } from '../../temporal/notices.ts';

export interface Received {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** null: the signature is wrong, or it is no notification. */
  readonly message: Notification | null;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves with all that came, once so many have. */
  got(count: number): Promise<readonly Received[]>;
  close(): Promise<void>;
}

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/**
 * A webhook's receiver: a real server that checks signatures with Standard Webhooks' own library.
 * @param answer - to the n-th try of a delivery, counted from 1; without it everything signed rightly is taken
 */
export async function receiveWebhooks(
  answer: (response: ServerResponse, attempt: number, received: Received) => void = (response, _, received) =>
    response.writeHead(received.message ? 204 : 401).end(),
): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const one = { id: `${request.headers['webhook-id']}`, headers: request.headers, body };
    const taken = { ...one, message: verified(body, request.headers) };
    received.push(taken);
    for (const wake of waiting) wake();
    answer(response, received.filter(({ id }) => id === one.id).length, taken);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=part-of-the-secret`,
    received,
    got: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve([...received]);
        };
        waiting.add(look);
        look();
      }),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function verified(body: string, headers: IncomingHttpHeaders): Notification | null {
  try {
    return notification.parse(new Webhook(SECRET).verify(body, headers as Record<string, string>));
  } catch {
    return null;
  }
}
