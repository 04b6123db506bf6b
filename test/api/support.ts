import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import sharp from 'sharp';
import { createApp } from '../../api/app.ts';
import { createCorrections } from '../../api/database/corrections.ts';
import { openDatabase } from '../../api/database/open.ts';
import {
  createPredictions,
  type PredictionRecord,
  type Predictions,
} from '../../api/database/predictions.ts';
import type { Database } from '../../api/database/schema.ts';
import type { Api, ApiConfig } from '../../api/environment.ts';
import { createMetrics } from '../../api/metrics.ts';
import type { Role } from '../../api/roles.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../api/server.ts';
import { createUsers, type Users } from '../../api/users/users.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import type { Deployment } from '../../models/bundle/deployments.ts';
import type { Explanation } from '../../models/explain/explanation.ts';
import type { Trace } from '../../models/lineage/trace.ts';
import type { PredictProduct } from '../../models/runtime/jobs.ts';
import type { InferenceService } from '../../models/serving/inference.ts';
import type { Pipeline } from '../../temporal/pipeline.ts';

export const USERNAME = 'data_engineer';
export const PASSWORD = 'correct horse battery';
export const VERSION = '0123456789abcdef';
/** The column that the stand-in is sure of: 2583, swimming pools. */
export const COLUMN = 23;

export const CONFIG: ApiConfig = {
  RELEASE: '0.0.0',
  SECRET_KEY: 'a secret of the tests',
  SECRET_KEY_PREVIOUS: undefined,
  DEPLOY_TOKEN: 'a deploy token of the tests',
  ACCESS_TOKEN_EXPIRE_MINUTES: 30,
  PREDICT_PER_MINUTE: 0,
  STATUS_PER_MINUTE: 0,
  TOKEN_PER_MINUTE: 0,
  TRUSTED_ROLES: [],
  TRUSTED_PROXIES: [],
  CORS_ORIGINS: [],
  METRICS_TOKEN: undefined,
  CLIENT_SECONDS: 20,
  MAX_PICTURE_BYTES: 1024 * 1024,
  MAX_QUEUE: 8,
  ALLOW_QUERY_TOKEN: false,
  KEEP_PREDICTIONS: 'on',
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
  TEMPORAL_UI_PORT: 8233,
  TEMPORAL_NAMESPACE: 'default',
};

const PART = { weight: 0.5, confidence: 0.7, contribution: 1.5 };
export const EXPLANATION: Explanation = {
  code: 2583,
  confidence: 0.75,
  text: {
    ...PART,
    method: 'weights',
    words: [{ text: 'Piscine', field: 'designation', start: 0, end: 7, contribution: 1.5 }],
    totalWords: 1,
    bias: -0.5,
    others: 0,
  },
  image: { ...PART, method: 'occlusion', rows: 1, columns: 2, contributions: [0.25, -0.5] },
  heatMap: null,
};

/** A trial that has seen nothing yet. */
const TRIAL = { answered: 0, failed: 0, disagreed: 0, milliseconds: null, championMilliseconds: null };

/** Answers like a service with a bundle; for tests in which the model is not the subject. */
export function standInInference(overrides: Partial<InferenceService> = {}): InferenceService & {
  readonly asked: PredictProduct[];
} {
  const asked: PredictProduct[] = [];
  const probabilities = new Float32Array(27).fill(0.25 / 26);
  probabilities[COLUMN] = 0.75;
  return {
    asked,
    prepare: async () => {},
    activate: async (version) => ({ version, replaced: null }),
    deploy: async (version) => ({ version, replaced: VERSION }),
    restore: async () => {},
    try: async (plan) => ({ ...TRIAL, ...plan }),
    trial: () => null,
    endTrial: async () => {},
    current: () => ({
      version: VERSION,
      family: 'lstm-vgg16',
      labels: TYPE_CODES,
      since: new Date('2025-06-23T12:00:00Z'),
    }),
    async predict(product) {
      asked.push(product);
      return {
        version: VERSION,
        labels: TYPE_CODES,
        probabilities,
        text: probabilities,
        image: null,
        features: null,
      };
    },
    async explain({ product, code, heatMap }) {
      asked.push(product);
      const drawn = heatMap ? new TextEncoder().encode('a heat map') : null;
      return {
        version: VERSION,
        explanation: { ...EXPLANATION, code: code ?? EXPLANATION.code, heatMap: drawn },
      };
    },
    waiting: 0,
    processes: { ready: 1, wanted: 1 },
    explaining: 0,
    close: async () => {},
    ...overrides,
  };
}

const away = () =>
  Promise.reject(
    new EtiquetteError('TEMPORAL_UNREACHABLE', 'No Temporal server answers.', { retryable: true }),
  );
/** Temporal is away. */
export const NO_PIPELINE: Pipeline = {
  retrain: away,
  list: away,
  show: away,
  cancel: away,
  decide: away,
  drift: away,
  deploy: away,
};

/** Keeps what it is told in memory. */
export function standInPredictions(): Predictions & { readonly recorded: PredictionRecord[] } {
  const recorded: PredictionRecord[] = [];
  return {
    recorded,
    record: async (...predictions) => void recorded.push(...predictions),
    find: async (id) => recorded.find((one) => one.id === id) ?? null,
    countOf: async () => ({ count: recorded.length, first: null, last: null }),
    observations: async () => [],
    bundles: async () => recorded.map(({ bundle }) => bundle),
    forget: async () => 0,
  };
}

export interface TestApi {
  readonly app: Api;
  readonly users: Users;
  /** Every log line, parsed. */
  readonly logged: Array<Record<string, unknown>>;
  token(): Promise<string>;
  /** POST /predict with a fresh token. */
  predict(form?: FormData): Promise<Response>;
  /** POST with a fresh token: text as it is, anything else as JSON. */
  send(path: string, body: unknown, contentType?: string): Promise<Response>;
  /** POST /explain with a fresh token. */
  explain(form?: FormData, headers?: Record<string, string>): Promise<Response>;
}

/** One user, whose tokens count whenever they are dated: tests make their own. */
async function testUsers(database: Database, role: Role, now: () => Date): Promise<Users> {
  const users = createUsers(database, now);
  await users.accounts.add({ username: USERNAME, fullName: 'Data Engineer', role, password: PASSWORD });
  await database
    .updateTable('users')
    .set({ tokens_valid_after: new Date(0).toISOString() })
    .execute();
  return users;
}

export async function testApi(
  options: {
    config?: Partial<ApiConfig>;
    inference?: InferenceService;
    predictions?: Predictions;
    /** With it predictions are kept there, not by a stand-in. */
    database?: Database;
    pipeline?: Partial<Pipeline>;
    trace?: Trace;
    deployments?: readonly Deployment[];
    now?: () => Date;
    stopping?: AbortSignal;
    role?: Role;
  } = {},
): Promise<TestApi> {
  const logged: Array<Record<string, unknown>> = [];
  const lines = new Writable({
    write(line, _encoding, done) {
      logged.push(JSON.parse(String(line)));
      done();
    },
  });
  const now = options.now ?? (() => new Date());
  const database = options.database ?? (await openDatabase({ file: ':memory:' }));
  const users = await testUsers(database, options.role ?? 'operator', now);
  const kept = options.database ? createPredictions(database) : standInPredictions();
  const app = createApp({
    config: { ...CONFIG, ...options.config },
    inference: options.inference ?? standInInference(),
    predictions: options.predictions ?? kept,
    corrections: createCorrections(database),
    pipeline: { ...NO_PIPELINE, ...options.pipeline },
    trace:
      options.trace ?? (() => Promise.reject(new EtiquetteError('LINEAGE_UNKNOWN', 'Nothing is known.'))),
    deployments: async () => options.deployments ?? [],
    users,
    metrics: createMetrics(new Registry()),
    log: pino(lines),
    stopping: options.stopping ?? new AbortController().signal,
    now,
  });
  const token = async () => {
    const answer = await app.request('/token', { method: 'POST', body: credentials() });
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  const post = async (path: string, form?: FormData, headers: Record<string, string> = {}) =>
    app.request(path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await token()}`, ...headers },
      body: form ?? (await productForm()),
    });
  return {
    app,
    users,
    logged,
    token,
    predict: (form) => post('/predict', form),
    send: async (path, body, contentType = 'application/json') =>
      app.request(path, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await token()}`, 'Content-Type': contentType },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    explain: (form, headers) => post('/explain', form, headers),
  };
}

export interface ServedApi extends TestApi {
  readonly url: string;
  readonly server: HttpServer;
}

/** On a port, for tests in which the bytes on the wire are the subject. Close `server` afterwards. */
export async function servedApi(
  options: Parameters<typeof testApi>[0] & Partial<Omit<HttpServerOptions, 'fetch'>> = {},
): Promise<ServedApi> {
  const api = await testApi(options);
  const server = createHttpServer({
    keepAliveMs: 5_000,
    clientSeconds: 20,
    onRefused: () => {},
    ...options,
    fetch: api.app.fetch,
  });
  const { port } = await server.listen(0, '127.0.0.1');
  return { ...api, server, url: `http://127.0.0.1:${port}` };
}

export function credentials(fields: Record<string, string> = {}): URLSearchParams {
  return new URLSearchParams({ username: USERNAME, password: PASSWORD, ...fields });
}

export const FIELDS = {
  product_identifier: '1',
  designation: 'Piscine ronde gonflable',
  description: 'Une <b>piscine</b> pour l’été, 3 m de diamètre',
  product_id: '3804725264',
  imageid: '1263597046',
} as const;

/** A complete /predict form; `null` leaves a field out. */
export async function productForm(
  fields: Partial<Record<keyof typeof FIELDS, string | null>> = {},
  image?: Blob | string | null,
): Promise<FormData> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...FIELDS, ...fields })) {
    if (value !== null) form.set(name, value);
  }
  if (image !== null) form.set('image', image ?? new Blob([await jpeg()], { type: 'image/jpeg' }));
  return form;
}

export function jpeg(): Promise<Buffer> {
  return sharp({ create: { width: 40, height: 40, channels: 3, background: '#2080c0' } })
    .jpeg()
    .toBuffer();
}

export async function body(answer: Response): Promise<Record<string, unknown>> {
  return (await answer.json()) as Record<string, unknown>;
}
