import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Webhook } from './activities/webhook.ts';
import type { DatabaseAddress } from './api/database/open.ts';
import { ROLES } from './api/roles.ts';
import type { DvcRemote } from './data/versions/dvc.ts';
import { EtiquetteError } from './errors.ts';

/** The project's folder: relative paths in variables start here, wherever a command is called from. */
export const PROJECT = fileURLToPath(new URL('.', import.meta.url));

const path = (fallback: string) =>
  z
    .string()
    .min(1)
    .default(fallback)
    .transform((value) => resolve(PROJECT, value));
const ownPath = z
  .string()
  .min(1)
  .transform((value) => resolve(PROJECT, value))
  .optional();
const port = (fallback: number) => z.coerce.number().int().min(0).max(65535).default(fallback);
const count = (fallback: number, least = 1) => z.coerce.number().int().min(least).default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .default(fallback ? 'true' : 'false')
    .transform((value) => value === 'true');
/** Separated by commas. */
const list = <Entry extends z.ZodType<unknown, string>>(entry: Entry) =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').map((one) => one.trim()))
    .transform((entries) => entries.filter((one) => one !== ''))
    .pipe(z.array(entry));
/** Standard Webhooks: 24 to 64 random bytes. */
const webhookSecret = z.string().refine(
  (text) => {
    const [, base64 = ''] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
    const bytes = Buffer.from(base64, 'base64').length;
    return bytes >= 24 && bytes <= 64;
  },
  { message: 'must be 24 to 64 random bytes in base64 (openssl rand -base64 32), after "whsec_" or not' },
);
/** Readable on its way, and it leaves this machine. What is no address at all is told apart from that. */
const isInTheClear = (url: string) => {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
};
/** As Temporal reads it: five fields, with a year or seconds up to seven; what the fields mean Temporal checks. */
const cron = (fallback: string) =>
  z
    .string()
    .transform((text) => text.trim())
    .refine(
      (text) => text === 'off' || /^@\w+( \w+)?$/.test(text) || /^[\w*,/-]+( +[\w*,/-]+){4,6}$/.test(text),
      {
        message: 'must be a cron expression as "0 3 * * 0" (minute, hour, day, month, weekday), or off',
      },
    )
    .default(fallback);
const isTimeZone = (zone: string) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== null;
  } catch {
    return false;
  }
};
const secret = z.string().min(16, 'must have at least 16 characters; npm start writes a random one to .env');

/** As OpenTelemetry names them. */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Every variable there is. Secrets have no default. */
const variables = z.object({
  VAR_DIR: path('var'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Where each process keeps its log in files, besides standard output. */
  LOG_DIR: ownPath,

  CATALOGUE_URL: z
    .string()
    .min(1)
    .default('https://huggingface.co/datasets/ndiguesene/ml-datasets-image-rakuten-ecommerce/resolve/main/'),
  CATALOGUE_X_TRAIN: z.string().min(1).default('X_train_update.csv'),
  CATALOGUE_Y_TRAIN: z.string().min(1).default('Y_train_CVw08PX.csv'),
  CATALOGUE_X_TEST: z.string().min(1).default('X_test_update.csv'),
  CATALOGUE_IMAGES: z.string().min(1).default('images'),
  CATALOGUE_IMAGES_ARCHIVE: z.string().min(1).default('images.zip'),
  VGG16_WEIGHTS_URL: z
    .string()
    .min(1)
    .default(
      'https://storage.googleapis.com/tensorflow/keras-applications/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5',
    ),

  /** Folders with an encoder.json: encoders of one's own in place of the built-in ones. */
  IMAGE_ENCODER: ownPath,
  TEXT_ENCODER: ownPath,

  TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_UI_PORT: port(8233),
  PIPELINE_TASK_QUEUE: z.string().min(1).default('etiquette-pipeline'),
  TRAINING_TASK_QUEUE: z.string().min(1).default('etiquette-training'),

  /** When it does by itself what it does: cron expressions by the clock of the zone, or "off". */
  SCHEDULE_TIME_ZONE: z
    .string()
    .refine(isTimeZone, { message: 'must be an IANA time zone as Europe/Paris' })
    .default('Europe/Paris'),
  RETRAIN_SCHEDULE: cron('0 3 * * 0'),
  WATCH_SCHEDULE: cron('7 * * * *'),
  PRUNE_SCHEDULE: cron('30 4 * * *'),

  /** Where the workers and the local Temporal server answer Prometheus. Port 0: they do not. */
  METRICS_HOST: z.ipv4('must be an IPv4 address').default('127.0.0.1'),
  PIPELINE_METRICS_PORT: port(9464),
  TRAINING_METRICS_PORT: port(9465),
  TEMPORAL_METRICS_PORT: port(9466),
  /** What npm run monitoring starts. */
  PROMETHEUS_PORT: port(9090),
  ALERTMANAGER_PORT: port(9093),
  NODE_EXPORTER_PORT: port(9100),

  /** Where traces are sent to, by OTLP over HTTP; without it nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be the http(s) address of an OTLP receiver' })
    .refine((url) => !/\/\/[^/]*@/.test(url), {
      message: 'must not hold a password: use OTEL_EXPORTER_OTLP_HEADERS',
    })
    .optional(),
  /** One name for every process; without it etiquette-api, etiquette-pipeline, etiquette-training. */
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
  OTEL_TRACES_SAMPLER: z.enum(SAMPLERS).default('parentbased_always_on'),
  /** Of the traces, 0..1, where the sampler is a ratio. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),

  /** "off": no training run is told to MLflow. */
  MLFLOW: z.enum(['on', 'off']).default('on'),
  /** Another server than the one that npm start runs on MLFLOW_PORT. */
  MLFLOW_TRACKING_URI: z
    .url({ protocol: /^https?$/, error: 'must be the http(s) address of an MLflow server' })
    .refine((uri) => !/\/\/[^/]*@/.test(uri), {
      message: 'must not hold a password: use MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD',
    })
    .optional(),
  MLFLOW_TRACKING_USERNAME: z.string().min(1).optional(),
  MLFLOW_TRACKING_PASSWORD: z.string().min(1).optional(),
  MLFLOW_EXPERIMENT_NAME: z.string().min(1).default('ProductCodeClassifier'),
  MLFLOW_PORT: port(5000),

  /** "off": data and models are not versioned with DVC. */
  DVC: z.enum(['on', 'off']).default('on'),
  /** Where versions are pushed to: a folder, s3://bucket/path, ... */
  DVC_REMOTE_URL: z
    .string()
    .min(1)
    .transform((url) => (/^\w+:\/\//.test(url) ? url : resolve(PROJECT, url)))
    .optional(),
  DVC_REMOTE_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be the http(s) address of an S3 server' })
    .optional(),
  DVC_REMOTE_ACCESS_KEY_ID: z.string().min(1).optional(),
  DVC_REMOTE_SECRET_ACCESS_KEY: z.string().min(1).optional(),

  API_HOST: z.string().min(1).default('127.0.0.1'),
  API_PORT: port(8000),
  /** Where the deploy activity finds the API. */
  API_URL: z.url().optional(),
  /** Where several API processes serve: all of them, separated by commas. */
  API_REPLICAS: z
    .string()
    .transform((list) => list.split(',').map((url) => url.trim()))
    .pipe(z.array(z.url()).min(1))
    .optional(),
  /** Lets the pipeline tell the API to load a bundle; nothing else. */
  DEPLOY_TOKEN: secret.optional(),
  SECRET_KEY: secret.optional(),
  /** The key before: tokens that it signed are good until they expire. */
  SECRET_KEY_PREVIOUS: secret.optional(),
  ALGORITHM: z.literal('HS256').default('HS256'),
  ACCESS_TOKEN_EXPIRE_MINUTES: count(30),
  /** The port of the stand-alone auth process. */
  AUTH_PORT: port(8011),
  /** An operator, where TEST_USER_PASSWORD is set. */
  TEST_USER: z.string().min(1).default('data_engineer'),
  TEST_USER_FULLNAME: z.string().min(1).default('Data Engineer'),
  TEST_USER_PASSWORD: z.string().min(8, 'must have at least 8 characters').optional(),
  PREDICT_PER_MINUTE: count(10, 0),
  STATUS_PER_MINUTE: count(5, 0),
  TOKEN_PER_MINUTE: count(10, 0),
  /** Users of these roles are not counted. */
  TRUSTED_ROLES: list(z.enum(ROLES, `must be some of ${ROLES.join(', ')}`)),
  /** Whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  TRUSTED_PROXIES: list(
    z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'must be addresses, or networks as 10.0.0.0/8'),
  ),
  /** Web pages of these origins may call the API from a browser. */
  CORS_ORIGINS: list(
    z.string().refine((origin) => URL.canParse(origin) && new URL(origin).origin === origin, {
      message: 'must be origins as https://shop.example: scheme, host and port, no path, no "*"',
    }),
  ),
  /** Whoever scrapes /metrics has to send it. */
  METRICS_TOKEN: secret.optional(),
  /** How long a client may let the API wait for a request, or for taking its answer; large ones have longer. */
  CLIENT_SECONDS: count(20),
  /** How long a stopping API says that it is not ready, and still answers, before it closes its port. */
  DRAIN_SECONDS: count(0, 0),
  MAX_PICTURE_BYTES: count(8 * 1024 * 1024),
  MAX_QUEUE: count(64),
  /** Child processes that hold the bundle that serves. */
  INFERENCE_PROCESSES: count(Math.min(availableParallelism(), 4)),
  /** A child that holds so many MB more than when it was ready is replaced by a new one. */
  INFERENCE_GROWTH_MB: count(512),
  /** Products that go to a child at once, and milliseconds that a batch may wait for more while there is load. */
  MAX_BATCH: count(8),
  BATCH_WAIT_MS: count(0, 0),
  /** Answers that are kept in memory, to be given again for the same product by the same bundle; 0: none. */
  CACHED_ANSWERS: count(10_000, 0),
  ALLOW_QUERY_TOKEN: flag(false),
  /** PostgreSQL for several replicas; without it a file in VAR_DIR. */
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be the postgres:// address of a PostgreSQL database' })
    .refine((url) => !/\/\/[^/]*:[^/]*@/.test(url) && !/[?&]password=/.test(url), {
      message: 'must not hold a password: use DATABASE_PASSWORD',
    })
    .optional(),
  DATABASE_PASSWORD: z.string().min(1).optional(),
  /** "off": no prediction is kept; there is nothing then that drift or a correction could stand on. */
  KEEP_PREDICTIONS: z.enum(['on', 'off']).default('on'),
  /** Days that a prediction is kept for, and how many of the newest are kept at most. */
  PREDICTIONS_DAYS: count(90),
  PREDICTIONS_ROWS: count(1_000_000),
  /** How long corrections stay on record, with the products that they are about. */
  CORRECTIONS_DAYS: count(730),
  /** The newest bundles stay in the store; older ones too while anything refers to them. */
  BUNDLES_KEPT: count(10),
  /** Finished stages and features that no run has used for so many days are deleted. */
  STAGES_DAYS: count(30, 7),
  /** How many times a corrected product counts in training. */
  CORRECTION_WEIGHT: z.coerce.number().min(1).max(100).default(3),
  /** The products that the champion was asked about last, which are compared with its training. */
  WATCH_WINDOW: z.coerce.number().int().min(20).max(10_000).default(500),
  /** Between two trainings that a changed stream starts. */
  DRIFT_COOLDOWN_HOURS: count(24, 0),

  /** Who is told of runs, waiting approvals, drift and rollbacks: a webhook. */
  NOTIFY_URL: z
    .url({ protocol: /^https?$/, error: 'must be the http(s) address of a webhook' })
    .refine((url) => !/\/\/[^/]*@/.test(url), { message: 'must not hold a name or password' })
    .optional(),
  /** Signs what is told. */
  NOTIFY_SECRET: webhookSecret.optional(),
  /** Without it what is told leaves this machine encrypted or not at all. */
  NOTIFY_ALLOW_HTTP: flag(false),
});

const schema = variables.superRefine(({ NOTIFY_URL, NOTIFY_SECRET, NOTIFY_ALLOW_HTTP }, context) => {
  const wrong = (name: string, message: string) => {
    context.addIssue({ code: 'custom', path: [name], message });
  };
  if (NOTIFY_URL === undefined) return;
  if (NOTIFY_SECRET === undefined)
    wrong('NOTIFY_SECRET', 'is needed where NOTIFY_URL is set: it signs what is told');
  if (!NOTIFY_ALLOW_HTTP && isInTheClear(NOTIFY_URL)) {
    wrong('NOTIFY_URL', 'must be https; NOTIFY_ALLOW_HTTP=true lets it be read on its way');
  }
});

export type Environment = z.infer<typeof schema>;

export interface Config extends Environment {
  readonly API_URL: string;
  /** Every API process: a deployment is done when each has switched. */
  readonly apis: readonly string[];
  /** This release of the project, as package.json says. */
  readonly RELEASE: string;
  /** Finished stages, addressed by the hash of their inputs and code. */
  readonly stages: string;
  readonly bundles: string;
  readonly encoders: string;
  readonly catalogues: string;
  /** Corrections as catalogues, by their content. */
  readonly corrections: string;
  readonly features: string;
  /** The deployment history; its last entry is the champion. */
  readonly deployments: string;
  /** The API's database. */
  readonly database: DatabaseAddress;
  /** DVC's repository: pointers and records of every version of data and models, and its cache. */
  readonly versions: string;
  readonly versionsRemote: DvcRemote;
  /** What training runs have to say to MLflow, until it is sent. */
  readonly tracking: string;
  /** Reports of how the stream of products has changed. */
  readonly drift: string;
  /** The MLflow server; null when there is to be none. */
  readonly mlflow: string | null;
  /** Where notifications go; null: nobody is told. */
  readonly webhook: Webhook | null;
}

/**
 * Reads `.env` (the environment wins) and every variable, once per process.
 * @throws EtiquetteError CONFIG_INVALID naming every wrong variable at once.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const file = join(PROJECT, '.env');
  if (env === process.env && existsSync(file)) process.loadEnvFile(file);
  const parsed = schema.safeParse(
    Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')),
  );
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new EtiquetteError(
      'CONFIG_INVALID',
      `Correct these variables in .env or the environment:\n${lines.join('\n')}`,
    );
  }
  const values = parsed.data;
  const url = values.API_URL ?? `http://${values.API_HOST}:${values.API_PORT}`;
  return {
    ...values,
    API_URL: url,
    apis: values.API_REPLICAS ?? [url],
    RELEASE: JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')).version,
    stages: join(values.VAR_DIR, 'stages'),
    bundles: join(values.VAR_DIR, 'bundles'),
    encoders: join(values.VAR_DIR, 'encoders'),
    catalogues: join(values.VAR_DIR, 'catalogues'),
    corrections: join(values.VAR_DIR, 'corrections'),
    features: join(values.VAR_DIR, 'features'),
    deployments: join(values.VAR_DIR, 'deployments.json'),
    database: values.DATABASE_URL
      ? { url: values.DATABASE_URL, password: values.DATABASE_PASSWORD }
      : { file: join(values.VAR_DIR, 'etiquette.db') },
    versions: join(values.VAR_DIR, 'dvc'),
    versionsRemote: {
      url: values.DVC_REMOTE_URL ?? join(values.VAR_DIR, 'dvc-remote'),
      endpoint: values.DVC_REMOTE_ENDPOINT,
      accessKeyId: values.DVC_REMOTE_ACCESS_KEY_ID,
      secretAccessKey: values.DVC_REMOTE_SECRET_ACCESS_KEY,
    },
    tracking: join(values.VAR_DIR, 'tracking'),
    drift: join(values.VAR_DIR, 'drift'),
    mlflow:
      values.MLFLOW === 'off'
        ? null
        : (values.MLFLOW_TRACKING_URI ?? `http://127.0.0.1:${values.MLFLOW_PORT}`),
    webhook:
      values.NOTIFY_URL && values.NOTIFY_SECRET
        ? { url: values.NOTIFY_URL, secret: values.NOTIFY_SECRET }
        : null,
  };
}
