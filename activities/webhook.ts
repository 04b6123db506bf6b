import { createHmac } from 'node:crypto';
import { EtiquetteError } from '../errors.ts';

/** Where notifications go. */
export interface Webhook {
  readonly url: string;
  /** 24 to 64 bytes in base64, with or without `whsec_` before them. */
  readonly secret: string;
}

export interface Delivery {
  /** The same at every try: whoever has had it drops it. */
  readonly id: string;
  readonly body: string;
}

/** As Standard Webhooks advises: a receiver may have some work to do. */
const ANSWER_WITHIN_MS = 15_000;
/** Of the answer only its first words matter, when it is a refusal. */
const MOST_ANSWER_BYTES = 1024;
const LONGEST_RETRY_AFTER_SECONDS = 3600;
/** What is shorter may be part of a word. */
const SHORTEST_SECRET = 8;

/**
 * Signs a delivery as Standard Webhooks (https://www.standardwebhooks.com) has it: HMAC-SHA256 over id, time of this
 * try and body.
 */
export function sign({ secret }: Pick<Webhook, 'secret'>, { id, body }: Delivery, now: Date) {
  const seconds = Math.floor(now.getTime() / 1000);
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': `${seconds}`,
    'webhook-signature': `v1,${signature}`,
  };
}

/**
 * Posts JSON to a webhook, once.
 * @param release - for the User-Agent
 * @returns the status, 2xx
 * @throws EtiquetteError NOTIFY_UNREACHABLE; NOTIFY_REFUSED, retryable where the status says that it may be otherwise
 *   later. Neither has the URL, which may hold a secret.
 */
export async function postTo(
  webhook: Webhook,
  delivery: Delivery,
  release: string,
  signal: AbortSignal,
  answerWithinMs = ANSWER_WITHIN_MS,
): Promise<number> {
  const { host } = new URL(webhook.url);
  const timeout = AbortSignal.timeout(answerWithinMs);
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': `Etiquette/${release}`,
        ...sign(webhook, delivery, new Date()),
      },
      body: delivery.body,
      // A signed message goes where it was meant to go, or nowhere.
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
    if (!response.ok) throw refusal(host, response, await firstWords(response, webhook.url));
    // It was taken: what else there is to read changes nothing.
    await response.body?.cancel();
    return response.status;
  } catch (cause) {
    if (cause instanceof EtiquetteError || signal.aborted) throw cause;
    const what = timeout.aborted ? `does not answer within ${answerWithinMs / 1000} s` : 'cannot be reached';
    throw new EtiquetteError('NOTIFY_UNREACHABLE', `${host} ${what} (NOTIFY_URL): ${reasonOf(cause)}.`, {
      retryable: true,
      cause,
    });
  }
}

/** Reads no more than it needs, whatever the receiver sends. */
async function firstWords(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MOST_ANSWER_BYTES) break;
  }
  const text = Buffer.concat(chunks).subarray(0, MOST_ANSWER_BYTES).toString();
  return withoutSecrets(text, url)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
}

/** Many servers quote the path that they refuse («Cannot POST /hooks/…»): what is behind the host may be a secret. */
function withoutSecrets(text: string, url: string): string {
  const { pathname, search } = new URL(url);
  const parts = `${pathname}${search}`.split(/[/?&=]/).filter((part) => part.length >= SHORTEST_SECRET);
  return [pathname + search, ...parts]
    .filter((part) => part !== '/')
    .reduce((clean, part) => clean.replaceAll(part, '…'), text);
}

function refusal(host: string, { status, headers }: Response, words: string): EtiquetteError {
  const isRedirect = status >= 300 && status < 400;
  const later = status === 408 || status === 429 || status >= 500;
  const advice = isRedirect ? ' Set NOTIFY_URL to where it leads.' : '';
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return new EtiquetteError(
    'NOTIFY_REFUSED',
    `${host} answers ${status} to a notification${words ? `: ${words}` : ''}.${advice}`,
    {
      retryable: later,
      details: {
        status,
        ...(seconds > 0 ? { retryAfterSeconds: Math.min(seconds, LONGEST_RETRY_AFTER_SECONDS) } : {}),
      },
    },
  );
}

function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message;
}
