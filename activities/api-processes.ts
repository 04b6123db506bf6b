import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { EtiquetteError } from '../errors.ts';

export interface ApiProcesses {
  /**
   * Asks every API process the same, side by side. @returns their answers
   * @throws EtiquetteError API_UNREACHABLE (retryable), or what the first that refuses says
   */
  ask<T>(method: 'POST' | 'DELETE', path: string, body: unknown, signal: AbortSignal): Promise<T[]>;
}

const SECONDS = 120;

/** All IPv4 addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const byDns: Resolve = async (host) => {
  const found = await lookup(host, { all: true, family: 4 }).catch(() => []);
  return found.map(({ address }) => address);
};

/**
 * The API processes that serve, at `urls`; they know the pipeline by `token`. A name with several addresses stands for
 * as many processes: that is how a network of containers names the replicas of a service.
 */
export function apiProcesses(
  urls: readonly string[],
  token: string | undefined,
  resolve: Resolve = byDns,
): ApiProcesses {
  return {
    async ask<T>(method: string, path: string, body: unknown, signal: AbortSignal) {
      const request = authorized(method, token, body);
      const processes = (await Promise.all(urls.map((url) => each(url, resolve)))).flat();
      return Promise.all(processes.map((url) => askOne<T>(new URL(path, url).href, request, signal)));
    },
  };
}

/** Over https the certificate is the name's, so that one stays. */
async function each(url: string, resolve: Resolve): Promise<string[]> {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' || isIP(hostname) !== 0) return [url];
  const addresses = await resolve(hostname);
  if (addresses.length < 2) return [url];
  return addresses.map((address) => {
    const one = new URL(url);
    one.hostname = address;
    return one.href;
  });
}

function authorized(method: string, token: string | undefined, body: unknown): RequestInit {
  if (!token) {
    const message = 'DEPLOY_TOKEN is not set: without it the API takes no bundle.';
    throw new EtiquetteError('CONFIG_INVALID', message);
  }
  return {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

async function askOne<T>(url: string, request: RequestInit, signal: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...request,
      signal: AbortSignal.any([signal, AbortSignal.timeout(SECONDS * 1000)]),
    });
  } catch (cause) {
    signal.throwIfAborted();
    const message = `The API at ${new URL(url).origin} does not answer; the old bundle still serves.`;
    throw new EtiquetteError('API_UNREACHABLE', message, { retryable: true, cause });
  }
  const answer = (await response.json().catch(() => ({}))) as T & { code?: string; detail?: string };
  if (response.ok) return answer;
  throw new EtiquetteError(
    answer.code ?? 'DEPLOYMENT_REFUSED',
    `The API kept the old bundle: ${answer.detail ?? `it answered ${response.status}`}`,
    { retryable: response.status === 503 || response.status === 429 },
  );
}
