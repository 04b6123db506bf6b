import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import type { DatabaseAddress } from '../../api/database/open.ts';
import { freePort } from './servers.ts';
import { until } from './training.ts';

/** A real PostgreSQL server; there is one for a whole test run. */
export interface PostgresUnderTest {
  /** A new and empty database. */
  database(): Promise<Extract<DatabaseAddress, { url: string }>>;
  /** As a server that is gone: connections break, new ones are refused. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const PASSWORD = 'p@ss:word/100%';

let server: Promise<PostgresUnderTest> | undefined;

/** null where PostgreSQL is not installed. */
export async function realPostgres(): Promise<PostgresUnderTest | null> {
  const programs = findPrograms();
  if (!programs) return null;
  server ??= startPostgres(programs);
  return server;
}

/** Debian keeps them out of PATH. */
function findPrograms(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort().reverse() : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const isWhole = (folder: string) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)));
  return folders.find(isWhole) ?? null;
}

/** The server refuses to run as root: then it runs as the user of Debian's package, or as nobody. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => {
    for (const name of ['postgres', 'nobody']) {
      try {
        return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      } catch {}
    }
    throw new Error('PostgreSQL does not run as root, and there is no other user');
  };
  return { uid: id('-u'), gid: id('-g') };
}

async function startPostgres(programs: string): Promise<PostgresUnderTest> {
  const port = await freePort();
  const as = unprivileged();
  const directory = mkdtempSync(join(tmpdir(), 'etiquette-postgres-'));
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, PASSWORD);
  for (const path of [directory, passwordFile]) {
    if (as.uid !== undefined && as.gid !== undefined) chownSync(path, as.uid, as.gid);
  }
  const data = join(directory, 'data');
  const setUp = ['--username=etiquette', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-sync'];
  execFileSync(join(programs, 'initdb'), ['--pgdata', data, ...setUp, '--encoding=UTF8', '--locale=C'], {
    ...as,
    cwd: directory,
    stdio: 'pipe',
  });
  let child: ReturnType<typeof spawn> | undefined;
  process.once('exit', () => {
    child?.kill('SIGQUIT');
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  const address = (name: string) => ({
    url: `postgres://etiquette@127.0.0.1:${port}/${name}`,
    password: PASSWORD,
  });
  const ask = async (statement: string) => {
    const client = new Client({
      ...{ host: '127.0.0.1', port, user: 'etiquette', password: PASSWORD, database: 'postgres' },
    });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  const start = async () => {
    const options = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'unix_socket_directories='];
    child = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...options], {
      ...as,
      cwd: directory,
      stdio: 'ignore',
    });
    child.unref();
    await until(
      () =>
        ask('select 1').then(
          () => true,
          () => false,
        ),
      'PostgreSQL to answer',
    );
  };
  await start();
  return {
    async database() {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      await ask(`create database ${name}`);
      return address(name);
    },
    async stop() {
      const gone = new Promise((resolve) => child?.once('exit', resolve));
      // "Fast": it breaks the connections.
      child?.kill('SIGINT');
      await gone;
    },
    start,
  };
}
