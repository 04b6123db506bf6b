import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '../../config.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { freePort, type Server, startEntry } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { jpeg, PASSWORD, USERNAME } from './support.ts';

const run = promisify(execFile);

describe('docs/clients.md', () => {
  let directory: string;
  let api: Server;
  let env: Record<string, string>;

  before(async function () {
    await run('curl', ['--version']).catch(() => skip(this, 'no curl on this machine: install it'));
    directory = await mkdtemp(join(tmpdir(), 'etiquette-clients-'));
    const version = await fixtureBundle(join(directory, 'bundles'), { favourite: 23 });
    const history = [{ version, at: '', by: '', reason: '', replaced: null }];
    await writeFile(join(directory, 'deployments.json'), JSON.stringify(history));
    await writeFile(join(directory, 'picture.jpg'), await jpeg());
    const port = String(await freePort());
    env = {
      API: `http://127.0.0.1:${port}`,
      TEST_USER: USERNAME,
      TEST_USER_PASSWORD: PASSWORD,
      PATH: process.env.PATH ?? '',
    };
    api = await startEntry(
      'test/api/fixture-api.ts',
      {
        ...env,
        VAR_DIR: directory,
        API_PORT: port,
        SECRET_KEY: 'a secret of the tests',
        STATUS_PER_MINUTE: '0',
      },
      join(directory, 'api.log'),
    );
    const ready = async () => (await fetch(`${env.API}/v2/health/ready`)).ok;
    while (!(await ready()));
  });
  after(async () => {
    await api?.stop();
    if (directory) await rm(directory, { recursive: true });
  });

  async function example(language: string): Promise<string> {
    const page = await readFile(join(PROJECT, 'docs/clients.md'), 'utf8');
    return page.match(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's'))?.[1] ?? assert.fail(language);
  }

  it('has commands that work as they stand', async () => {
    const { stdout } = await run('sh', ['-ec', await example('sh')], { cwd: directory, env });
    const answers = stdout.trim().replaceAll('}{', '}\n{').split('\n');
    const labels = answers.map((text) => {
      const { id, predictions, summary } = JSON.parse(text);
      return summary ?? [id, predictions.length, predictions[0].label];
    });
    assert.deepEqual(labels, [
      [undefined, 1, '2583'],
      [undefined, 3, '2583'],
      [undefined, 1, '2583'],
      ['a', 1, '2583'],
      ['b', 1, '2583'],
      { products: 2, failed: 0, complete: true },
    ]);
  });

  it('has a program in JavaScript that works as it stands', async () => {
    await writeFile(join(directory, 'client.mjs'), await example('js'));
    const { stdout } = await run(process.execPath, ['client.mjs'], { cwd: directory, env });
    const lines = stdout.trim().split('\n');
    assert.deepEqual(lines.slice(0, 3), ['2583', '2583', '0 2583']);
    assert.equal(lines.length, 102);
  });
});
