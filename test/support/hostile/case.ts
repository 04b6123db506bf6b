import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';

/** An API that is attacked, and what an attacker with an account of his own, or with a leaked key, has. */
export interface Victim {
  readonly url: string;
  /** Of a user who may predict. */
  readonly token: string;
  /** SECRET_KEY: what tokens are signed with that look real. */
  readonly secretKey: string;
  readonly username: string;
}

export interface Reply {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  /** null where the answer has no code: it is a 200, or no JSON. */
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One request as no client of ours sends it, and how it has to be answered. */
export interface HostileCase {
  readonly group: string;
  readonly what: string;
  readonly status: number;
  readonly code: string | null;
  send(victim: Victim): Promise<Reply>;
}

export interface Sent {
  readonly body?: FormData | Uint8Array | string | (() => Iterable<Uint8Array>);
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly method?: string;
}

/** What is sent to /predict, with the victim's token unless the headers say otherwise. */
export type Make = (victim: Victim) => Sent | Promise<Sent>;

/** The cases of a group, each `[what, status, code, make]`. */
export function cases(
  group: string,
  rows: readonly (readonly [what: string, status: number, code: string | null, make: Make])[],
): HostileCase[] {
  return rows.map(([what, status, code, make]) => ({
    ...{ group, what, status, code },
    send: async (victim) => exchange(victim, await make(victim)),
  }));
}

/** Sends one request over a connection of its own. */
export async function exchange(
  { url, token }: Pick<Victim, 'url' | 'token'>,
  { body, headers = {}, path = '/predict', method = 'POST' }: Sent,
  readCode: (text: string) => string | null = codeOf,
): Promise<Reply> {
  const form = body instanceof FormData ? new Request('http://x', { method: 'POST', body }) : undefined;
  const bytes = form ? Buffer.from(await form.arrayBuffer()) : body;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(new URL(path, url), {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(form ? { 'Content-Type': form.headers.get('content-type') ?? '' } : {}),
        ...headers,
      },
    });
    outgoing.on('response', resolve);
    // The server may close while the rest of a refused body is on its way: the answer came before.
    outgoing.on('error', reject);
    if (typeof bytes === 'function') Readable.from(bytes()).pipe(outgoing);
    else outgoing.end(bytes);
  });
  let text = '';
  for await (const piece of answer) text += piece;
  return { status: answer.statusCode ?? 0, code: readCode(text), headers: answer.headers };
}

/** The code in an answer's JSON, or what `find` finds in it; null where there is none. */
export function codeOf(
  text: string,
  find = (answer: unknown): string | undefined => (answer as { code?: string } | null)?.code,
): string | null {
  try {
    return find(JSON.parse(text)) ?? null;
  } catch {
    return null;
  }
}
