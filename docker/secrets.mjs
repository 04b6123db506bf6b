import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

// The first container of every `docker compose up`: draws the secrets that .env does not give, hands each service its
// own in a volume of its own, and gives volumes to the users that write there. `show NAME` prints one.

/** Drawn at random once, unless .env gives them; then kept. */
const DRAWN = [
  'SECRET_KEY',
  'DEPLOY_TOKEN',
  'METRICS_TOKEN',
  'TEST_USER_PASSWORD',
  'DATABASE_PASSWORD',
  'POSTGRES_PASSWORD',
  'TEMPORAL_DB_PASSWORD',
  'MLFLOW_DB_PASSWORD',
  'S3_ACCESS_KEY',
  'S3_SECRET_KEY',
  'GRAFANA_ADMIN_PASSWORD',
];

/** There only as long as .env gives them. */
const GIVEN = [
  'SECRET_KEY_PREVIOUS',
  'MLFLOW_TRACKING_USERNAME',
  'MLFLOW_TRACKING_PASSWORD',
  'DVC_REMOTE_ACCESS_KEY_ID',
  'DVC_REMOTE_SECRET_ACCESS_KEY',
  'NOTIFY_SECRET',
  'ALERT_WEBHOOK_URL',
  'ALERT_WEBHOOK_SECRET',
];

/** @typedef {Record<string, string | undefined>} Secrets */

/**
 * Who reads what: volume `secrets-<role>`, its user, and the files in it. Files in capitals become variables of
 * their name (docker/entrypoint.sh).
 * @type {Record<string, { user: number, files: (secrets: Secrets) => Secrets }>}
 */
const ROLES = {
  api: { user: 10001, files: serving },
  worker: { user: 10001, files: working },
  cli: { user: 10001, files: (secrets) => ({ ...serving(secrets), ...working(secrets) }) },
  postgres: {
    user: 999,
    files: (s) => ({
      POSTGRES_PASSWORD: s.POSTGRES_PASSWORD,
      DATABASE_PASSWORD: s.DATABASE_PASSWORD,
      TEMPORAL_DB_PASSWORD: s.TEMPORAL_DB_PASSWORD,
      MLFLOW_DB_PASSWORD: s.MLFLOW_DB_PASSWORD,
    }),
  },
  temporal: { user: 1000, files: (s) => ({ SQL_PASSWORD: s.TEMPORAL_DB_PASSWORD }) },
  mlflow: {
    user: 10002,
    files: (s) => ({
      // libpq's and the AWS SDK's own formats: so MLflow needs no password in its environment.
      pgpass: `postgres:5432:mlflow:mlflow:${s.MLFLOW_DB_PASSWORD}\n`,
      aws: `[default]\naws_access_key_id = ${s.S3_ACCESS_KEY}\naws_secret_access_key = ${s.S3_SECRET_KEY}\n`,
    }),
  },
  s3: { user: 10003, files: (s) => ({ ROOT_ACCESS_KEY: s.S3_ACCESS_KEY, ROOT_SECRET_KEY: s.S3_SECRET_KEY }) },
  prometheus: { user: 65534, files: (s) => ({ METRICS_TOKEN: s.METRICS_TOKEN }) },
  alertmanager: {
    user: 65534,
    files: (s) => ({ 'webhook-url': s.ALERT_WEBHOOK_URL, 'webhook-secret': s.ALERT_WEBHOOK_SECRET }),
  },
  grafana: { user: 472, files: (s) => ({ GRAFANA_ADMIN_PASSWORD: s.GRAFANA_ADMIN_PASSWORD }) },
};

/** Volumes that programs write to, and the folders that they expect. */
const DATA = {
  data: { user: 10001, folders: [] },
  postgres: { user: 999, folders: [] },
  'postgres-socket': { user: 999, folders: [] },
  s3: { user: 10003, folders: ['buckets/etiquette', 'buckets/mlflow', 'meta'] },
  prometheus: { user: 65534, folders: [] },
  alertmanager: { user: 65534, folders: [] },
  grafana: { user: 472, folders: [] },
};

/** @param {Secrets} s */
function serving(s) {
  return {
    SECRET_KEY: s.SECRET_KEY,
    SECRET_KEY_PREVIOUS: s.SECRET_KEY_PREVIOUS,
    DEPLOY_TOKEN: s.DEPLOY_TOKEN,
    METRICS_TOKEN: s.METRICS_TOKEN,
    TEST_USER_PASSWORD: s.TEST_USER_PASSWORD,
    DATABASE_PASSWORD: s.DATABASE_PASSWORD,
  };
}

/** @param {Secrets} s */
function working(s) {
  return {
    DEPLOY_TOKEN: s.DEPLOY_TOKEN,
    DATABASE_PASSWORD: s.DATABASE_PASSWORD,
    MLFLOW_TRACKING_USERNAME: s.MLFLOW_TRACKING_USERNAME,
    MLFLOW_TRACKING_PASSWORD: s.MLFLOW_TRACKING_PASSWORD,
    DVC_REMOTE_ACCESS_KEY_ID: s.DVC_REMOTE_ACCESS_KEY_ID ?? s.S3_ACCESS_KEY,
    DVC_REMOTE_SECRET_ACCESS_KEY: s.DVC_REMOTE_SECRET_ACCESS_KEY ?? s.S3_SECRET_KEY,
    NOTIFY_SECRET: s.NOTIFY_SECRET,
  };
}

/**
 * What .env gives wins, then what was drawn before.
 * @param {string} store @param {NodeJS.ProcessEnv} env
 * @returns {Secrets}
 */
function collect(store, env) {
  const drawn = DRAWN.map((name) => {
    const file = join(store, name);
    const kept = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const value = env[name] || kept || randomBytes(name === 'S3_ACCESS_KEY' ? 15 : 32).toString('base64url');
    if (value !== kept) write(file, value, 0);
    return [name, value];
  });
  return Object.fromEntries([...drawn, ...GIVEN.map((name) => [name, env[name] || undefined])]);
}

/**
 * Whole or not at all, and readable by its user only.
 * @param {string} file @param {string} text @param {number} user
 */
function write(file, text, user) {
  const staged = `${file}.new`;
  writeFileSync(staged, text, { mode: 0o400 });
  own(staged, user);
  renameSync(staged, file);
}

/** @param {string} path @param {number} user */
function own(path, user) {
  // Tests run as anybody, in folders of their own.
  if (process.getuid?.() === 0) chownSync(path, user, user);
}

/** @param {string} volumes the folder where every volume is mounted @param {NodeJS.ProcessEnv} env */
function handOut(volumes, env) {
  const secrets = collect(join(volumes, 'secrets'), env);
  for (const [role, { user, files }] of Object.entries(ROLES)) {
    const folder = join(volumes, `secrets-${role}`);
    for (const [name, value] of Object.entries(files(secrets))) {
      if (value === undefined) rmSync(join(folder, name), { force: true });
      else write(join(folder, name), value, user);
    }
    own(folder, user);
    chmodSync(folder, 0o500);
  }
  for (const [name, { user, folders }] of Object.entries(DATA)) {
    const root = join(volumes, name);
    for (const path of folders) {
      mkdirSync(join(root, path), { recursive: true });
      // Each folder on the way too: the user makes others beside it.
      for (let parts = path.split('/'); parts.length > 0; parts = parts.slice(0, -1))
        own(join(root, ...parts), user);
    }
    own(root, user);
  }
}

const [command, name = ''] = process.argv.slice(2);
const volumes = process.env.VOLUMES ?? '/volumes';
if (command === 'show') process.stdout.write(`${readFileSync(join(volumes, 'secrets', name), 'utf8')}\n`);
else handOut(volumes, process.env);
