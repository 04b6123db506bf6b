import { EtiquetteError } from '../errors.ts';

export interface ApiProcesses {
  /**
   * Asks every API process the same, side by side. @returns their answers
   * @throws EtiquetteError API_UNREACHABLE (retryable), or what the first that refuses says
   */
  ask<T>(method: 'POST' | 'DELETE', path: string, body: unknown, signal: AbortSignal): Promise<T[]>;
}

const SECONDS = 120;

/** The API processes that serve, at `urls`; they know the pipeline by `token`. */
export function apiProcesses(urls: readonly string[], token: string | undefined): ApiProcesses {
  return {
    ask: <T>(method: string, path: string, body: unknown, signal: AbortSignal) =>
      Promise.all(
        urls.map((url) => askOne<T>(new URL(path, url).href, authorized(method, token, body), signal)),
      ),
  };
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
