import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { s3Server } from '../../cli/setup/s3-server.mjs';
import { type Server, serverOf } from './servers.ts';
import { until } from './training.ts';

export const S3_KEYS = { accessKeyId: 'etiquette', secretAccessKey: 'the-right-secret' };

/** A real S3 server that checks signatures; `bucket` is made. Started again on its folder it has its objects again. */
export async function startS3(options: { directory: string; port: number; bucket: string }): Promise<Server> {
  const program = s3Server();
  if (!program) throw new Error('no S3 server: run "npm run setup"');
  const [data, meta] = [join(options.directory, 'data'), join(options.directory, 'meta')];
  await mkdir(join(data, options.bucket), { recursive: true });
  await mkdir(meta, { recursive: true });
  const log = await open(join(options.directory, 'server.log'), 'a');
  const child = spawn(program, ['--port', `127.0.0.1:${options.port}`, 'posix', '--sidecar', meta, data], {
    stdio: ['ignore', log.fd, log.fd],
    env: { ROOT_ACCESS_KEY: S3_KEYS.accessKeyId, ROOT_SECRET_KEY: S3_KEYS.secretAccessKey },
  });
  await log.close();
  await until(() => answers(options.port), 'the S3 server to answer');
  return serverOf(child);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
