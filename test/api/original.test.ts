import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { freePort, type Server, startEntry } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { jpeg } from './support.ts';

const run = promisify(execFile);

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the API answers.
  readonly json: any;
}

/**
 * The original's clients: the commands of its README, the requests of its two API tests, and a request for each row of
 * what was seen of it. They are run with curl, against the API as its own process.
 */
describe('a client of the original', () => {
  let directory: string;
  let api: Server;
  let url: string;
  let token: string;

  before(async function () {
    await run('curl', ['--version']).catch(() => skip(this, 'no curl on this machine: install it'));
    directory = await mkdtemp(join(tmpdir(), 'etiquette-original-'));
    const version = await fixtureBundle(join(directory, 'bundles'), { favourite: 23 });
    const history = [{ version, at: '', by: '', reason: '', replaced: null }];
    await writeFile(join(directory, 'deployments.json'), JSON.stringify(history));
    await writeFile(join(directory, 'test.jpg'), await jpeg());
    await writeFile(join(directory, 'empty.jpg'), '');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    api = await startEntry(
      'test/api/fixture-api.ts',
      {
        VAR_DIR: directory,
        API_PORT: String(port),
        SECRET_KEY: 'a secret of the tests',
        TEST_USER: 'user1',
        TEST_USER_FULLNAME: 'Data Engineer',
        TEST_USER_PASSWORD: '43SoYourAreADataEngineer34',
        TOKEN_PER_MINUTE: '0',
        STATUS_PER_MINUTE: '0',
        PREDICT_PER_MINUTE: '20',
        ALLOW_QUERY_TOKEN: 'true',
      },
      join(directory, 'api.log'),
    );
    while (!(await curl('/status')).json.ready);
    token = (await curl('/token', '-d', 'username=user1&password=43SoYourAreADataEngineer34')).json
      .access_token;
  });
  after(async () => {
    await api?.stop();
    if (directory) await rm(directory, { recursive: true });
  });

  async function curl(path: string, ...more: string[]): Promise<Answer> {
    // Without "Expect", which curl says for large forms: it would show the answers to both parts.
    const { stdout } = await run('curl', ['-sS', '-i', '-H', 'Expect:', ...more, `${url}${path}`], {
      cwd: directory,
    });
    const end = stdout.indexOf('\r\n\r\n');
    const [first = '', ...lines] = stdout.slice(0, end).split('\r\n');
    const text = stdout.slice(end + 4);
    return {
      status: Number(first.split(' ')[1]),
      headers: new Headers(lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])),
      text,
      json: text.startsWith('{') ? JSON.parse(text) : undefined,
    };
  }

  /** The form of the original's own test; `null` leaves a field out. */
  function form(changed: Record<string, string | null> = {}): string[] {
    const fields = {
      product_identifier: 'id1',
      designation: 'laptop computer',
      description: 'gaming laptop with good specs',
      product_id: 'pid123',
      imageid: 'img123',
      image: '@test.jpg;type=image/jpeg',
      ...changed,
    };
    return Object.entries(fields).flatMap(([name, value]) =>
      value === null ? [] : ['-F', `${name}=${value}`],
    );
  }
  const predict = (...more: string[]) => curl(`/predict?token=${token}`, ...more);

  it('gets its status: GET /status', async () => {
    const answer = await curl('/status');
    assert.equal(answer.status, 200);
    assert.equal(answer.json.message, 'Model Serving via FastAPI is running !');
    assert.ok(Number(answer.headers.get('x-process-time')) > 0);
  });

  it('gets its token: curl -X POST ".../token" -d "username=...&password=..."', async () => {
    const answer = await curl(
      '/token',
      '-X',
      'POST',
      '-d',
      'username=user1&password=43SoYourAreADataEngineer34',
    );
    assert.equal(answer.status, 200);
    const { alg, typ } = JSON.parse(
      Buffer.from(answer.json.access_token.split('.')[0], 'base64url').toString(),
    );
    assert.deepEqual([alg, typ], ['HS256', 'JWT']);
    assert.deepEqual(Object.keys(answer.json), ['access_token', 'token_type']);
    assert.equal(answer.json.token_type, 'bearer');
  });

  it('gets its token with a multipart form, and with an empty grant_type', async () => {
    const fields = ['-F', 'username=user1', '-F', 'password=43SoYourAreADataEngineer34', '-F', 'grant_type='];
    assert.equal((await curl('/token', ...fields)).status, 200);
  });

  for (const [how, header] of [
    ['in the query string, where the operator allows it', false],
    ['in the Authorization header', true],
  ] as const) {
    it(`gets its prediction: POST /predict with the token ${how}`, async () => {
      const answer = await (header
        ? curl('/predict', '-H', `Authorization: Bearer ${token}`, ...form())
        : predict(...form()));
      assert.equal(answer.status, 200);
      const { predictions, message } = answer.json;
      assert.equal(message, 'Prediction successful');
      assert.equal(predictions.length, 1);
      const [{ label, confidence, prediction, ...rest }] = predictions;
      assert.deepEqual([label, prediction, rest], ['2583', 23, {}]);
      assert.ok(confidence > 0 && confidence <= 1);
    });
  }

  it('finds neither token nor password in the log', async () => {
    const log = await readFile(join(directory, 'api.log'), 'utf8');
    assert.match(log, /"route":"\/predict"/);
    for (const secret of [token, token.split('.')[2] ?? '', '43SoYour']) {
      assert.equal(log.includes(secret), false);
    }
  });

  it('gets its metrics: GET /metrics', async () => {
    const answer = await curl('/metrics');
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    assert.match(answer.text, /^http_requests_total\{handler="\/predict",method="POST",status="2xx"\} 2$/m);
    assert.match(
      answer.text,
      /^http_request_duration_seconds_bucket\{le="0\.5",handler="\/status",method="GET"\}/m,
    );
  });

  it('gets the JSON of the documentation: /docs and /openapi.json', async () => {
    assert.equal((await curl('/docs')).status, 200);
    assert.ok((await curl('/openapi.json')).json.paths['/predict']);
  });

  const missing = (field: string) => [
    { loc: ['body', field], msg: 'field required', type: 'value_error.missing' },
  ];
  type Ask = () => Promise<Answer>;
  const rows: ReadonlyArray<readonly [what: string, status: number, detail: unknown, ask: Ask]> = [
    [
      'a wrong password',
      401,
      'Invalid username or password',
      () => curl('/token', '-d', 'username=user1&password=x'),
    ],
    [
      'an unknown user',
      401,
      'Invalid username or password',
      () => curl('/token', '-d', 'username=x&password=x'),
    ],
    ['no password', 422, missing('password'), () => curl('/token', '-d', 'username=user1')],
    ['an empty password', 422, missing('password'), () => curl('/token', '-d', 'username=user1&password=')],
    ['GET /token', 405, 'Method Not Allowed', () => curl('/token')],
    ['a token that is none', 401, 'Invalid or expired token', () => curl('/predict?token=abc', ...form())],
    ['no description', 422, missing('description'), () => predict(...form({ description: null }))],
    ['an empty designation', 422, missing('designation'), () => predict(...form({ designation: '' }))],
    ['no image', 422, missing('image'), () => predict(...form({ image: null }))],
    ['the root', 404, 'Not Found', () => curl('/')],
    ['a path that is none', 404, 'Not Found', () => curl('/predict_code')],
  ];
  for (const [what, status, detail, ask] of rows) {
    it(`hears ${status} of ${what}, in the original’s words`, async () => {
      const answer = await ask();
      assert.deepEqual([answer.status, answer.json.detail], [status, detail]);
      assert.ok(Number(answer.headers.get('x-process-time')) > 0);
    });
  }

  it('hears 401 with WWW-Authenticate', async () => {
    assert.equal((await curl('/predict', ...form())).headers.get('www-authenticate'), 'Bearer');
  });

  it('hears 422 of another grant_type', async () => {
    const answer = await curl('/token', '-d', 'username=user1&password=x&grant_type=client_credentials');
    assert.deepEqual([answer.status, answer.json.detail[0].loc], [422, ['body', 'grant_type']]);
  });

  it('hears 400 of a multipart body without its boundary', async () => {
    const answer = await predict('-H', 'Content-Type: multipart/form-data', '-d', 'x');
    assert.deepEqual([answer.status, answer.json.detail], [400, 'Missing boundary in multipart.']);
  });

  for (const [what, image] of [
    ['text/plain', '@test.jpg;type=text/plain'],
    ['application/pdf', '@test.jpg;type=application/pdf'],
  ]) {
    it(`may declare its picture as ${what}: the bytes count`, async () => {
      assert.equal((await predict(...form({ image: image as string }))).status, 200);
    });
  }

  it('hears 4xx, not 500, of an empty picture', async () => {
    assert.equal((await predict(...form({ image: '@empty.jpg' }))).status, 422);
  });

  it('hears 429 in the original’s words when it asks too often', async () => {
    let answer = await predict(...form());
    for (let asked = 0; answer.status === 200 && asked < 20; asked++) answer = await predict(...form());
    assert.equal(answer.status, 429);
    assert.equal(answer.json.message, 'Rate limit exceeded. Please try again later.');
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
  });
});
