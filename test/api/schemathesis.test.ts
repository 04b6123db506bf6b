import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../api/database/open.ts';
import { SCOPES } from '../../api/roles.ts';
import { createUsers } from '../../api/users/users.ts';
import { schemathesis } from '../../cli/setup/schemathesis.mjs';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { PROJECT } from '../../config.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { type Server, startEntry } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/training.ts';
import { body, PASSWORD } from './support.ts';

const FOLDER = join(PROJECT, 'test/api/schemathesis');
/** The last two phases go on until then. */
const SECONDS = 75;
const ADMINISTRATOR = 'fuzzing';

describe('the API, held to its OpenAPI document by Schemathesis', function () {
  this.timeout(300_000);
  let directory: string;
  let stack: Stack;
  let api: Server;

  before(async function () {
    if (!schemathesis()) skip(this, 'no Schemathesis: run npm run setup');
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-schemathesis-'));
    const catalogue = join(directory, 'empty');
    await mkdir(catalogue);
    // Trainings that are asked for end at once: there is nothing to train on.
    stack = await startStack(directory, ['pipeline'], { CATALOGUE_URL: catalogue });
    const { VAR_DIR } = stack.env as { VAR_DIR: string };
    await mkdir(VAR_DIR, { recursive: true });
    const version = await fixtureBundle(join(VAR_DIR, 'bundles'), { favourite: 23 });
    const history = [
      {
        version,
        at: '2025-01-01T00:00:00Z',
        by: 'a test',
        reason: 'first',
        kind: 'deployment',
        replaced: null,
      },
    ];
    await writeFile(join(VAR_DIR, 'deployments.json'), JSON.stringify(history));
    api = await startEntry('test/api/fixture-api.ts', stack.env, join(directory, 'api.log'));
    await until(async () => (await body(await fetch(`${stack.apiUrl}/status`))).ready === true, 'the bundle');
  });
  after(async () => {
    await api?.stop();
    await stack?.close();
    if (directory) await rm(directory, { recursive: true });
  });

  it('answers as it says: statuses, headers, shapes, refusals of what is wrong or not allowed', async () => {
    const [command, ...before] = schemathesis() ?? assert.fail();
    const run = spawn(
      command,
      [
        ...before,
        ...['--config-file', join(FOLDER, 'schemathesis.toml'), 'run'],
        ...['--max-time', `${SECONDS}`],
        `${stack.apiUrl}/openapi.json`,
      ],
      {
        cwd: directory,
        env: {
          ...process.env,
          TOKEN: await keyOfAdministrator(),
          OWN_NAME: ADMINISTRATOR,
          SCHEMATHESIS_HOOKS: join(FOLDER, 'hooks.py'),
        },
      },
    );
    let said = '';
    for (const stream of [run.stdout, run.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
      });
    }
    const [code] = await once(run, 'close');
    assert.equal(code, 0, said);
  });

  /** A token would not do: one of the requests ends the token that it carries. */
  async function keyOfAdministrator(): Promise<string> {
    const database = await openDatabase({ file: join(stack.env.VAR_DIR ?? '', 'etiquette.db') });
    try {
      const { accounts, keys } = createUsers(database, () => new Date());
      const username = ADMINISTRATOR;
      await accounts.add({ username, fullName: 'Ada Lovelace', role: 'admin', password: PASSWORD });
      const { secret } = await keys.add({ username, name: 'fuzzing', scopes: SCOPES, days: 1 });
      return secret;
    } finally {
      await database.destroy();
    }
  }
});
