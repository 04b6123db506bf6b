import { spawn } from 'node:child_process';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import { writeAtomic } from '../atomic.ts';
import { explainDvc } from './explain.ts';

/** Where versions are pushed to: a folder, s3://bucket/path, or any other URL that DVC knows. */
export interface DvcRemote {
  readonly url: string;
  /** Of an S3 that is not Amazon's. */
  readonly endpoint: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
}

export interface DvcOptions {
  /** How to call `dvc`; null when it is not installed. */
  readonly command: readonly string[] | null;
  /** DVC's own repository, made when it is not there; no git around it is touched. */
  readonly directory: string;
  readonly remote: DvcRemote;
}

export interface Dvc {
  /** The remote as people know it. */
  readonly remote: string;
  /**
   * Runs one `dvc` command to its end; commands of one process wait for each other.
   * @throws EtiquetteError DVC_MISSING, DVC_BUSY, DVC_REMOTE_*, DVC_DATA_MISSING, DVC_TIMEOUT, DVC_FAILED
   */
  run(args: readonly string[], signal: AbortSignal): Promise<void>;
}

/** For a whole catalogue over a slow line; a remote that went silent is given up by DVC itself, sooner. */
const TIMEOUT_MS = 4 * 3_600_000;
const KILL_AFTER_MS = 5_000;
const WORDS_KEPT = 20_000;

/** What a `dvc` needs of our environment: none of our secrets. */
const INHERITED =
  /^(PATH|HOME|USER|TMPDIR|TZ|LANG|LC_\w+|AWS_\w+|GOOGLE_\w+|AZURE_\w+|(https?|all|no)_proxy|SSL_CERT_\w+|\w+_CA_BUNDLE)$/i;

export function createDvc({ command, directory, remote }: DvcOptions): Dvc {
  const name = remote.endpoint === undefined ? remote.url : `${remote.url} at ${remote.endpoint}`;
  const env = environment(directory, remote);
  let last: Promise<unknown> = Promise.resolve();

  const dvc = async (args: readonly string[], cwd: string, signal: AbortSignal) => {
    const [program, ...first] = command ?? [];
    if (program === undefined) {
      throw new EtiquetteError(
        'DVC_MISSING',
        'DVC is not installed: "npm run setup", or DVC=off to do without.',
      );
    }
    const { code, output } = await call(program, [...first, ...args], { cwd, env, signal });
    if (code === 0) return;
    if (code === null) {
      throw new EtiquetteError('DVC_FAILED', 'DVC was killed in the middle of its work.', {
        retryable: true,
      });
    }
    const secret = remote.secretAccessKey;
    throw explainDvc(secret === undefined ? output : output.replaceAll(secret, '***'), name);
  };
  return {
    remote: name,
    run(args, signal) {
      const turn = last.then(async () => {
        signal.throwIfAborted();
        await prepare(directory, (cwd) => dvc(['init', '--no-scm'], cwd, signal));
        await configure(directory, remote);
        await dvc(args, directory, signal);
      });
      last = turn.catch(() => {});
      return turn;
    },
  };
}

/** DVC's repository is made beside and renamed: one half made would be taken for a whole one. */
async function prepare(directory: string, init: (cwd: string) => Promise<void>): Promise<void> {
  if (await readFile(join(directory, '.dvc', 'config')).catch(() => null)) return;
  const beside = `${directory}.${process.pid}.new`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true });
  await init(beside);
  await mkdir(directory, { recursive: true });
  await rename(join(beside, '.dvc'), join(directory, '.dvc')).catch((error: NodeJS.ErrnoException) => {
    // Another process was quicker.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  await rm(beside, { recursive: true, force: true });
}

/** No secret in it: keys travel in the environment of the commands. */
async function configure(directory: string, { url, endpoint }: DvcRemote): Promise<void> {
  const lines = [
    '[core]',
    '    no_scm = true',
    '    analytics = false',
    '    check_update = false',
    '    remote = origin',
    `['remote "origin"']`,
    `    url = ${quoted(url)}`,
    ...(endpoint === undefined ? [] : [`    endpointurl = ${quoted(endpoint)}`]),
    ...(url.startsWith('s3:') ? ['    connect_timeout = 10', '    read_timeout = 60'] : []),
    '',
  ];
  const file = join(directory, '.dvc', 'config');
  const text = lines.join('\n');
  if ((await readFile(file, 'utf8')) !== text) await writeAtomic(file, text);
}

const quoted = (value: string) => (value.includes('"') ? `'${value}'` : `"${value}"`);

function environment(directory: string, remote: DvcRemote): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([variable]) => INHERITED.test(variable));
  return {
    ...Object.fromEntries(inherited),
    // Of other keys than ours.
    ...(remote.accessKeyId === undefined ? {} : { AWS_SESSION_TOKEN: undefined }),
    ...(remote.accessKeyId === undefined ? {} : { AWS_ACCESS_KEY_ID: remote.accessKeyId }),
    ...(remote.secretAccessKey === undefined ? {} : { AWS_SECRET_ACCESS_KEY: remote.secretAccessKey }),
    DVC_NO_ANALYTICS: '1',
    // What DVC would keep elsewhere on the machine stays in its folder, and other settings of it outside.
    DVC_SITE_CACHE_DIR: join(directory, 'site'),
    DVC_GLOBAL_CONFIG_DIR: join(directory, 'site', 'global'),
    DVC_SYSTEM_CONFIG_DIR: join(directory, 'site', 'system'),
  };
}

async function call(
  program: string,
  args: readonly string[],
  { cwd, env, signal }: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk).slice(-WORDS_KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let slow = false;
  const stop = () => {
    child.kill();
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
  };
  const limit = setTimeout(() => {
    slow = true;
    stop();
  }, TIMEOUT_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    signal.throwIfAborted();
    if (slow) {
      const hours = TIMEOUT_MS / 3_600_000;
      throw new EtiquetteError('DVC_TIMEOUT', `dvc ${args.at(-1)} took more than ${hours} hours.`, {
        retryable: true,
      });
    }
    return { code, output };
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', stop);
  }
}
