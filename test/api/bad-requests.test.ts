import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { SignJWT, UnsecuredJWT } from 'jose';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { type Server, startEntry } from '../support/servers.ts';
import { blackPng } from './pictures.ts';
import { FIELDS, jpeg, productForm } from './support.ts';

const SECRET = 'a secret of the tests';
const KEY = new TextEncoder().encode(SECRET);
const MEGABYTE = 1024 * 1024;

interface Sent {
  readonly body?: FormData | Buffer | string | (() => Iterable<Buffer>);
  readonly headers?: Record<string, string>;
  readonly path?: string;
  readonly method?: string;
}

/** What is sent; the token is a valid one unless the headers say otherwise. */
type Make = () => Sent | Promise<Sent>;
type Row = readonly [what: string, status: number, code: string, make: Make];

const picture = (image: Buffer | string) => async (): Promise<Sent> => ({
  body: await productForm({}, new Blob([image as Buffer<ArrayBuffer>])),
});
const fields = (values: Parameters<typeof productForm>[0]) => async (): Promise<Sent> => ({
  body: await productForm(values),
});
const now = Math.floor(Date.now() / 1000);
const claims = {
  sub: 'data_engineer',
  // Tokens from before the user was made are not the user's; clocks may differ by a minute.
  iat: now + 30,
  exp: now + 600,
  iss: 'etiquette',
  aud: 'etiquette-api',
  jti: '1',
};
const sign = (payload: Record<string, unknown>) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(KEY);
const withToken = (make: () => string | Promise<string>) => async (): Promise<Sent> => ({
  body: await productForm(),
  headers: { Authorization: `Bearer ${await make()}` },
});
const multipart = (content: string): Sent => ({
  headers: { 'Content-Type': 'multipart/form-data; boundary=edge' },
  body: content,
});
const part = (name: string, value: string) =>
  `--edge\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const parts = Object.entries(FIELDS).map(([name, value]) => part(name, value));
const { exp: _, ...noExpiry } = claims;

const ROWS: readonly Row[] = [
  [
    'no token',
    401,
    'TOKEN_MISSING',
    async () => ({ body: await productForm(), headers: { Authorization: '' } }),
  ],
  [
    'the token in the query string only',
    401,
    'TOKEN_MISSING',
    async () => ({
      path: `/predict?token=${await sign(claims)}`,
      body: await productForm(),
      headers: { Authorization: '' },
    }),
  ],
  [
    'a password instead of a token',
    401,
    'TOKEN_MISSING',
    async () => ({ body: await productForm(), headers: { Authorization: 'Basic YTpi' } }),
  ],
  ['a garbage token', 401, 'TOKEN_INVALID', withToken(() => 'garbage')],
  ['a token of algorithm none', 401, 'TOKEN_INVALID', withToken(() => new UnsecuredJWT(claims).encode())],
  ['a token for another audience', 401, 'TOKEN_INVALID', withToken(() => sign({ ...claims, aud: 'x' }))],
  ['an expired token', 401, 'TOKEN_INVALID', withToken(() => sign({ ...claims, exp: now - 60 }))],
  ['a token that never expires', 401, 'TOKEN_INVALID', withToken(() => sign(noExpiry))],
  ['GET', 405, 'METHOD_NOT_ALLOWED', () => ({ method: 'GET' })],

  [
    'JSON without any field',
    422,
    'FIELDS_INVALID',
    () => ({ body: '{}', headers: { 'Content-Type': 'application/json' } }),
  ],
  [
    'an urlencoded form',
    415,
    'CONTENT_TYPE_UNSUPPORTED',
    () => ({
      body: new URLSearchParams(FIELDS).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    }),
  ],
  ['no content type', 415, 'CONTENT_TYPE_UNSUPPORTED', () => ({ body: 'x' })],
  [
    'multipart without boundary',
    400,
    'BOUNDARY_MISSING',
    () => ({ body: parts.join(''), headers: { 'Content-Type': 'multipart/form-data' } }),
  ],
  ['an empty multipart body', 422, 'MULTIPART_INVALID', () => multipart('')],
  ['a body that is cut off', 422, 'MULTIPART_INVALID', () => multipart(parts.join('').slice(0, -40))],
  [
    'a picture that is cut off',
    422,
    'MULTIPART_INVALID',
    () =>
      multipart(
        `${parts.join('')}--edge\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\xff\xd8\xff`,
      ),
  ],
  [
    'another boundary than announced',
    422,
    'MULTIPART_INVALID',
    () => multipart('--other\r\n\r\nx\r\n--other--'),
  ],
  ['nothing but the closing boundary', 422, 'FIELDS_INVALID', () => multipart('--edge--\r\n')],
  [
    'a line break in a field’s name',
    422,
    'FIELDS_INVALID',
    () => multipart(`${part('designation"\r\nX-Evil: "1', 'x')}--edge--\r\n`),
  ],
  [
    'a part header of 100 KB',
    422,
    'FIELDS_INVALID',
    () => multipart(`${part(`x${'y'.repeat(100_000)}`, 'x')}--edge--\r\n`),
  ],

  ['no designation', 422, 'FIELDS_INVALID', fields({ designation: null })],
  ['an empty description', 422, 'FIELDS_INVALID', fields({ description: '' })],
  ['no image', 422, 'FIELDS_INVALID', async () => ({ body: await productForm({}, null) })],
  ['the image as text', 422, 'FIELDS_INVALID', async () => ({ body: await productForm({}, 'picture.jpg') })],
  [
    'a text field as a file',
    422,
    'FIELDS_INVALID',
    async () => {
      const body = await productForm({ designation: null });
      body.set('designation', new Blob(['Piscine']), 'designation.txt');
      return { body };
    },
  ],
  ['an id of 2 KB', 413, 'FIELD_TOO_LARGE', fields({ product_id: '1'.repeat(2048) })],
  ['a designation of 100 KB', 413, 'FIELD_TOO_LARGE', fields({ designation: 'x'.repeat(100_000) })],
  ['a description of 3 MB', 413, 'FIELD_TOO_LARGE', fields({ description: 'x'.repeat(3 * MEGABYTE) })],
  [
    '10,000 parts',
    413,
    'PARTS_TOO_MANY',
    () =>
      multipart(`${Array.from({ length: 10_000 }, (_, n) => part(`field${n}`, 'x')).join('')}--edge--\r\n`),
  ],

  ['an empty picture file', 422, 'PICTURE_EMPTY', picture('')],
  ['a text as picture', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture('a swimming pool')],
  ['HTML as picture', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture('<!doctype html><p>not found</p>')],
  ['SVG as picture', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['a PDF as picture', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture('%PDF-1.7\n%âãÏÓ\n')],
  ['random bytes as picture', 415, 'PICTURE_FORMAT_UNSUPPORTED', picture(randomBytes(50_000))],
  [
    'half a JPEG',
    422,
    'PICTURE_UNREADABLE',
    async () => {
      const whole = await jpeg();
      return await picture(whole.subarray(0, whole.length - 200))();
    },
  ],
  [
    'the first 200 bytes of a JPEG',
    422,
    'PICTURE_UNREADABLE',
    async () => await picture((await jpeg()).subarray(0, 200))(),
  ],
  [
    'a PNG that says 30,000 x 30,000',
    413,
    'PICTURE_TOO_LARGE',
    picture(blackPng(30_000, 30_000, { withoutPixels: true })),
  ],
  ['a 1-bit PNG of 13,000 x 13,000', 413, 'PICTURE_TOO_LARGE', picture(blackPng(13_000, 13_000))],
  ['a picture of 9 MB', 413, 'PICTURE_TOO_LARGE', picture(randomBytes(9 * MEGABYTE))],
  [
    'a body of 100 MB',
    413,
    'BODY_TOO_LARGE',
    () => ({
      headers: {
        'Content-Type': 'multipart/form-data; boundary=edge',
        'Content-Length': String(100 * MEGABYTE),
      },
      body: () => megabytes(100),
    }),
  ],
  [
    'a body of 100 MB of unknown length',
    413,
    'BODY_TOO_LARGE',
    () => ({
      headers: { 'Content-Type': 'multipart/form-data; boundary=edge', 'Transfer-Encoding': 'chunked' },
      body: () => megabytes(100),
    }),
  ],
];

function* megabytes(count: number): Iterable<Buffer> {
  for (let sent = 0; sent < count; sent += 1) yield Buffer.alloc(MEGABYTE);
}

describe('a bad /predict request', () => {
  let directory: string;
  let api: Server;
  let url: string;
  let token: string;
  let memory: { api: number; inference: number };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-bad-'));
    const version = await fixtureBundle(join(directory, 'bundles'), { favourite: 23 });
    await writeFile(
      join(directory, 'deployments.json'),
      JSON.stringify([{ version, at: '', by: '', reason: '', replaced: null }]),
    );
    api = await startEntry(
      'test/api/fixture-api.ts',
      {
        VAR_DIR: directory,
        API_PORT: '0',
        SECRET_KEY: SECRET,
        TEST_USER_PASSWORD: 'correct horse battery',
        PREDICT_PER_MINUTE: '0',
      },
      log(),
    );
    token = await sign(claims);
    url = await listening();
    while ((await good()).status === 503);
    memory = resident();
  });

  after(async () => {
    await api.stop();
    await rm(directory, { recursive: true });
  });

  const log = () => join(directory, 'api.log');

  for (const [what, status, code, make] of ROWS) {
    it(`with ${what} is ${status} ${code}`, async () => {
      const answer = await send(await make());
      assert.deepEqual([answer.status, answer.code], [status, code]);
      assert.equal(answer.headers['x-request-id']?.length, 36);
    });
  }

  it('leaves the service as it was: the next good one is answered', async () => {
    assert.equal((await good()).status, 200);
  });

  it('is never an unexpected error in the log', async () => {
    const lines = (await readFile(log(), 'utf8')).trim().split('\n');
    assert.ok(lines.length > ROWS.length);
    assert.deepEqual(
      lines.filter((line) => line.includes('unexpected error')),
      [],
    );
  });

  it('does not make memory grow, in neither process', () => {
    const grown = resident();
    // A decoded 13,000 x 13,000 picture has 500 MB, the body of 100 MB is sent twice.
    assert.ok(
      grown.inference - memory.inference < 100,
      `inference: ${memory.inference} -> ${grown.inference} MB`,
    );
    assert.ok(grown.api - memory.api < 150, `api: ${memory.api} -> ${grown.api} MB`);
  });

  async function good() {
    return await send({ body: await productForm() });
  }

  async function listening(): Promise<string> {
    const line = (await readFile(log(), 'utf8')).match(/http:\/\/[^"]+/);
    assert.ok(line);
    return line[0];
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

  async function send({ body, headers = {}, path = '/predict', method = 'POST' }: Sent) {
    const encoded = body instanceof FormData ? new Request('http://x', { method: 'POST', body }) : undefined;
    const bytes = encoded ? Buffer.from(await encoded.arrayBuffer()) : body;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(new URL(path, url), {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(encoded ? { 'Content-Type': encoded.headers.get('content-type') ?? '' } : {}),
          ...headers,
        },
      });
      outgoing.on('response', resolve);
      // The server may close while the rest of a refused body is on its way: the answer came before.
      outgoing.on('error', (error) => reject(error));
      if (typeof bytes === 'function') Readable.from(bytes()).pipe(outgoing);
      else outgoing.end(bytes);
    });
    let text = '';
    for await (const piece of answer) text += piece;
    const { code } = JSON.parse(text) as { code?: string };
    return { status: answer.statusCode, code, headers: answer.headers };
  }
});
