import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { PROJECT } from '../config.ts';

const USAGE = `Usage: npm run auth

Serves POST /token, GET /verify-token, POST /token/revoke, GET /health and GET /metrics on API_HOST:AUTH_PORT, apart from
the API. Both need the same SECRET_KEY and the same database (docs/users.md). The API has these routes too: this is for
those who deploy them apart.
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const child = fork(join(PROJECT, 'api/auth.ts'), [], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
