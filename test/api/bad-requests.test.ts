import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { exchange, type Victim } from '../support/hostile/case.ts';
import { HOSTILE_CASES } from '../support/hostile/index.ts';
import { freePort, type Server, startEntry } from '../support/servers.ts';
import { PASSWORD, productForm, USERNAME } from './support.ts';

const SECRET = 'a secret of the tests';

describe('a bad request', () => {
  let directory: string;
  let api: Server;
  let victim: Victim;
  let memory: { api: number; inference: number };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-bad-'));
    const version = await fixtureBundle(join(directory, 'bundles'), { favourite: 23 });
    await writeFile(
      join(directory, 'deployments.json'),
      JSON.stringify([{ version, at: '', by: '', reason: '', replaced: null }]),
    );
    const port = await freePort();
    api = await startEntry(
      'test/api/fixture-api.ts',
      {
        ...{ VAR_DIR: directory, API_PORT: String(port), CLIENT_SECONDS: '1', INFERENCE_PROCESSES: '1' },
        ...{ SECRET_KEY: SECRET, DEPLOY_TOKEN: 'a deploy token of the tests' },
        ...{ TEST_USER: USERNAME, TEST_USER_PASSWORD: PASSWORD },
        ...{ PREDICT_PER_MINUTE: '0', STATUS_PER_MINUTE: '0', TOKEN_PER_MINUTE: '0' },
      },
      log(),
    );
    const url = `http://127.0.0.1:${port}`;
    victim = { url, token: await login(url), secretKey: SECRET, username: USERNAME };
    while ((await good()).status === 503);
    memory = resident();
  });

  after(async () => {
    await api.stop();
    await rm(directory, { recursive: true });
  });

  const log = () => join(directory, 'api.log');

  for (const { group, what, status, code, send } of HOSTILE_CASES) {
    it(`${group}: ${what} is ${status} ${code ?? ''}`.trim(), async () => {
      const reply = await send(victim);
      assert.deepEqual([reply.status, reply.code], [status, code]);
    });
  }

  it('leaves the service as it was: the next good one is answered', async () => {
    assert.equal((await good()).status, 200);
  });

  it('is never an unexpected error in the log', async () => {
    const lines = (await readFile(log(), 'utf8')).trim().split('\n');
    assert.ok(lines.length > HOSTILE_CASES.length / 2);
    assert.deepEqual(
      lines.filter((line) => line.includes('unexpected error')),
      [],
    );
  });

  it('does not make memory grow, in neither process', () => {
    const grown = resident();
    // A decoded 13,000 x 13,000 picture has 500 MB, bodies of 100 MB come four times.
    assert.ok(
      grown.inference - memory.inference < 100,
      `inference: ${memory.inference} -> ${grown.inference} MB`,
    );
    assert.ok(grown.api - memory.api < 150, `api: ${memory.api} -> ${grown.api} MB`);
  });

  async function good() {
    return await exchange(victim, { body: await productForm() });
  }

  async function login(url: string): Promise<string> {
    const body = new URLSearchParams({ username: USERNAME, password: PASSWORD });
    const answer = await fetch(`${url}/token`, { method: 'POST', body });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  function resident(): { api: number; inference: number } {
    const processes = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number));
    const megabytesOf = (column: number) =>
      Math.round((processes.find((one) => one[column] === api.process.pid)?.[2] ?? Number.NaN) / 1024);
    return { api: megabytesOf(0), inference: megabytesOf(1) };
  }
});
