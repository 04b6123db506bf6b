import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DEFAULT_RETRY, type Retry, withRetries } from '../../data/retry.ts';
import { EtiquetteError } from '../../errors.ts';

export interface MlflowServer {
  /** Such as http://127.0.0.1:5000; without user and password in it. */
  readonly uri: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface MlflowOptions extends MlflowServer {
  readonly signal?: AbortSignal | undefined;
  readonly retry?: Retry;
  /** Milliseconds for one answer; an upload may take a hundred times as long. */
  readonly timeout?: number;
}

type Query = Readonly<Record<string, string>>;
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** MLflow's REST interface (/api/2.0/mlflow), as much of it as tracking needs. */
export interface Mlflow {
  readonly uri: string;
  /** Tried again when the server is away. */
  read<T>(path: string, query?: Query): Promise<T>;
  /** A search: a POST that changes nothing, so it is tried again too. */
  search<T>(path: string, body: object): Promise<T>;
  /**
   * A change. Tried again only when it is `idempotent`: else whoever calls must look first what has come of it.
   */
  change<T>(method: Method, path: string, body: object, options?: { idempotent: boolean }): Promise<T>;
  /** Uploads a file to `<artifact root>/<path>` of a run; replaces what is there. */
  upload(artifact: { root: string; path: string }, file: string): Promise<void>;
}

const QUICK_RETRY: Retry = { ...DEFAULT_RETRY, attempts: 3, mostDelay: 3000 };
const TIMEOUT_MS = 20_000;

/**
 * @throws from every call EtiquetteError MLFLOW_UNREACHABLE and MLFLOW_LOGIN_REFUSED (retryable: what is to be
 *   sent is kept until the server or the keys are put right), MLFLOW_NOT_FOUND, MLFLOW_REFUSED
 */
export function createMlflow(options: MlflowOptions): Mlflow {
  const { signal, retry = QUICK_RETRY, timeout = TIMEOUT_MS } = options;
  const uri = options.uri.replace(/\/+$/, '');
  const authorization = authorizationOf(options);

  async function once(url: URL, init: RequestInit & { duplex?: 'half' }, patience: number): Promise<unknown> {
    const limit = AbortSignal.timeout(patience);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        ...init,
        headers: { ...authorization, ...init.headers },
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      text = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      const why = limit.aborted ? `does not answer within ${patience / 1000} s` : 'can not be reached';
      throw new EtiquetteError('MLFLOW_UNREACHABLE', `The MLflow server ${uri} ${why}.`, {
        retryable: true,
        cause,
      });
    }
    if (!response.ok) throw refusal(uri, url.pathname, response, text);
    return text === '' ? {} : parsed(uri, text);
  }

  const api = (path: string) => new URL(`${uri}/api/2.0/mlflow/${path}`);
  const json = (method: Method, body: object): RequestInit => ({
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const repeated = (url: URL, init: () => RequestInit & { duplex?: 'half' }, patience = timeout) =>
    withRetries(() => once(url, init(), patience), { retry, signal });

  return {
    uri,
    async read<T>(path: string, query: Query = {}) {
      const url = api(path);
      url.search = new URLSearchParams(query).toString();
      return (await repeated(url, () => ({ method: 'GET' }))) as T;
    },
    async search<T>(path: string, body: object) {
      return (await repeated(api(path), () => json('POST', body))) as T;
    },
    async change<T>(method: Method, path: string, body: object, { idempotent } = { idempotent: true }) {
      const url = api(path);
      const init = () => json(method, body);
      return (await (idempotent ? repeated(url, init) : once(url, init(), timeout))) as T;
    },
    async upload({ root, path }, file) {
      const { size } = await stat(file);
      const place = path.split('/').map(encodeURIComponent).join('/');
      const url = new URL(`${uri}/api/2.0/mlflow-artifacts/artifacts/${artifactPath(root)}/${place}`);
      const init = () => ({
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream', 'content-length': `${size}` },
        body: Readable.toWeb(createReadStream(file)) as NonNullable<RequestInit['body']>,
        duplex: 'half' as const,
      });
      await repeated(url, init, timeout * 100);
    },
  };
}

/** `mlflow-artifacts:/1/abc/artifacts` and `mlflow-artifacts://host/1/abc/artifacts` -> `1/abc/artifacts`. */
function artifactPath(root: string): string {
  const url = URL.canParse(root) ? new URL(root) : null;
  if (url?.protocol !== 'mlflow-artifacts:') {
    throw new EtiquetteError(
      'MLFLOW_ARTIFACTS_UNSUPPORTED',
      `The MLflow server keeps artifacts at ${root}, where only it can write. Start it with --serve-artifacts.`,
    );
  }
  return url.pathname.replace(/^\/+/, '');
}

function authorizationOf({ username, password }: MlflowServer): Record<string, string> {
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

function parsed(uri: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${uri} answers, but not as an MLflow server does. Check MLFLOW_TRACKING_URI.`;
    throw new EtiquetteError('MLFLOW_REFUSED', message, { cause });
  }
}

function refusal(uri: string, path: string, response: Response, text: string): EtiquetteError {
  const { status } = response;
  if (status === 401 || status === 403) {
    return new EtiquetteError(
      'MLFLOW_LOGIN_REFUSED',
      `The MLflow server ${uri} refuses the login (${status}). Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD and start the workers again: nothing is lost.`,
      { retryable: true },
    );
  }
  const said = reasonIn(text);
  if (status >= 500 || status === 429 || status === 408) {
    const retryAfter = Number(response.headers.get('retry-after')) || 0;
    return new EtiquetteError(
      'MLFLOW_UNREACHABLE',
      `The MLflow server ${uri} answers ${status}: ${said.message}`,
      {
        retryable: true,
        details: { retryAfter },
      },
    );
  }
  // A missing alias answers 400 (INVALID_PARAMETER_VALUE) with this wording.
  const missing =
    status === 404 || said.code === 'RESOURCE_DOES_NOT_EXIST' || /alias .* not found/i.test(said.message);
  return new EtiquetteError(
    missing ? 'MLFLOW_NOT_FOUND' : 'MLFLOW_REFUSED',
    `The MLflow server ${uri} refuses ${path} (${status}): ${said.message}`,
    { details: { code: said.code } },
  );
}

function reasonIn(text: string): { code: string; message: string } {
  try {
    const { error_code, message } = JSON.parse(text) as { error_code?: string; message?: string };
    return { code: error_code ?? '', message: (message ?? text).slice(0, 500) };
  } catch {
    return { code: '', message: text.slice(0, 200) };
  }
}
