import { strict as assert } from 'node:assert';
import { rawRequest } from '../support/raw-http.ts';
import { body, type ServedApi, servedApi } from './support.ts';

const CLOSE = 'Connection: close\r\n';
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';
const LOGIN = `POST /token HTTP/1.1\r\nHost: a\r\n${FORM}${CLOSE}`;

type Row = readonly [what: string, status: number, code: string | null, request: string | Uint8Array];

/** `null` where the answer is none of ours to code: 200, or what the path says. */
const ROWS: readonly Row[] = [
  // Two ways to tell where a body ends: a proxy before us may take the other one.
  [
    'both a length and chunks',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /status HTTP/1.1\r\nHost: a\r\n\r\n`,
  ],
  [
    'chunks, and then a length',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
  ],
  ['two lengths', 400, 'REQUEST_MALFORMED', `${LOGIN}Content-Length: 0\r\nContent-Length: 40\r\n\r\n`],
  ['a length twice', 400, 'REQUEST_MALFORMED', `${LOGIN}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`],
  ['a list of lengths', 400, 'REQUEST_MALFORMED', `${LOGIN}Content-Length: 4, 4\r\n\r\nabcd`],
  ['a negative length', 400, 'REQUEST_MALFORMED', `${LOGIN}Content-Length: -1\r\n\r\n`],
  ['a length with a sign', 400, 'REQUEST_MALFORMED', `${LOGIN}Content-Length: +4\r\n\r\nabcd`],
  ['a length in hexadecimal', 400, 'REQUEST_MALFORMED', `${LOGIN}Content-Length: 0x4\r\n\r\nabcd`],
  [
    'a length beyond 64 bits',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Content-Length: 99999999999999999999\r\n\r\n`,
  ],
  [
    'an unknown transfer coding',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunked that is not the last coding',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunked twice',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
  ],
  [
    'a blank before the colon',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'a header folded over two lines',
    400,
    'REQUEST_MALFORMED',
    `GET /status HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\tc\r\n${CLOSE}\r\n`,
  ],
  [
    'lines that end with LF alone',
    400,
    'REQUEST_MALFORMED',
    'GET /status HTTP/1.1\nHost: a\nConnection: close\n\n',
  ],
  [
    'a CR in a header',
    400,
    'REQUEST_MALFORMED',
    `GET /status HTTP/1.1\r\nHost: a\r\nX-A: b\rX-B: c\r\n${CLOSE}\r\n`,
  ],
  [
    'a NUL in a header',
    400,
    'REQUEST_MALFORMED',
    `GET /status HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n${CLOSE}\r\n`,
  ],
  [
    'a header name with a blank',
    400,
    'REQUEST_MALFORMED',
    `GET /status HTTP/1.1\r\nHost: a\r\nX A: b\r\n${CLOSE}\r\n`,
  ],
  [
    'a header without a name',
    400,
    'REQUEST_MALFORMED',
    `GET /status HTTP/1.1\r\nHost: a\r\n: b\r\n${CLOSE}\r\n`,
  ],
  [
    'a chunk whose size is no number',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`,
  ],
  [
    'a chunk longer than its size',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`,
  ],
  [
    'a chunk of 2^64 bytes',
    400,
    'REQUEST_MALFORMED',
    `${LOGIN}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nabc`,
  ],

  ['no host', 400, 'REQUEST_MALFORMED', `GET /status HTTP/1.1\r\n${CLOSE}\r\n`],
  ['two hosts', 400, 'REQUEST_MALFORMED', `GET /status HTTP/1.1\r\nHost: a\r\nHost: b\r\n${CLOSE}\r\n`],
  ['an empty host', 400, 'REQUEST_MALFORMED', `GET /status HTTP/1.1\r\nHost: \r\n${CLOSE}\r\n`],
  ['a host with a path', 400, 'REQUEST_MALFORMED', `GET /status HTTP/1.1\r\nHost: a/b\r\n${CLOSE}\r\n`],
  ['a host with a user', 400, 'REQUEST_MALFORMED', `GET /status HTTP/1.1\r\nHost: a@b\r\n${CLOSE}\r\n`],
  ['HTTP/1.0 without a host', 200, null, 'GET /status HTTP/1.0\r\n\r\n'],
  ['HTTP/0.9', 400, 'REQUEST_MALFORMED', 'GET /status\r\n\r\n'],
  ['HTTP/2.0 in words', 400, 'REQUEST_MALFORMED', `GET /status HTTP/2.0\r\nHost: a\r\n${CLOSE}\r\n`],
  ['the preface of HTTP/2', 400, 'REQUEST_MALFORMED', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  [
    'TLS on the plain port',
    400,
    'REQUEST_MALFORMED',
    Uint8Array.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 10, 10, 13, 10]),
  ],
  ['nothing but blanks', 400, 'REQUEST_MALFORMED', '    \r\n\r\n'],
  [
    'a method that nobody knows',
    400,
    'REQUEST_MALFORMED',
    `BREW /status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
  ],
  ['a method in small letters', 400, 'REQUEST_MALFORMED', `get /status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ['CONNECT', 400, 'REQUEST_MALFORMED', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
  ['TRACE', 405, 'METHOD_NOT_ALLOWED', `TRACE /status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ['OPTIONS *', 400, 'REQUEST_MALFORMED', `OPTIONS * HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ['an absolute target', 200, null, `GET http://elsewhere/status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  [
    'an absolute target of no URL',
    400,
    'REQUEST_MALFORMED',
    `GET http://[/status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
  ],
  [
    'an upgrade to WebSocket, which is passed over',
    200,
    null,
    `GET /status HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  ],
  [
    'an upgrade to HTTP/2, which is passed over',
    200,
    null,
    `GET /status HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  ],
  [
    'an expectation that nobody can meet',
    417,
    'EXPECTATION_FAILED',
    `${LOGIN}Expect: a-miracle\r\nContent-Length: 4\r\n\r\n`,
  ],

  ['a NUL in the path', 404, 'NOT_FOUND', `GET /status%00 HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ['half an escape in the path', 404, 'NOT_FOUND', `GET /status%2 HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ['an escape of no digits in the path', 404, 'NOT_FOUND', `GET /%zz HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ['an escape that is no UTF-8', 404, 'NOT_FOUND', `GET /%ff%fe HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  [
    'bytes that are no UTF-8 in the path',
    400,
    'REQUEST_MALFORMED',
    Buffer.from(`GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`, 'latin1'),
  ],
  [
    'an escape that is no UTF-8 in the query',
    200,
    null,
    `GET /status?a=%ff%c0%80 HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
  ],
  ['a path that begins twice', 404, 'NOT_FOUND', `GET //status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ['a path that goes up', 404, 'NOT_FOUND', `GET /docs/../../etc/passwd HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  [
    'a path that goes up in escapes',
    404,
    'NOT_FOUND',
    `GET /docs/%2e%2e%2f%2e%2e%2fetc/passwd HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
  ],
  [
    'a backslash in the path',
    400,
    'REQUEST_MALFORMED',
    `GET /docs\\..\\etc HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
  ],
  ['a path of 12 KB', 404, 'NOT_FOUND', `GET /${'a'.repeat(12_000)} HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  [
    'a path of 100 KB',
    431,
    'HEADERS_TOO_LARGE',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
  ],
  [
    'a header of 20 KB',
    431,
    'HEADERS_TOO_LARGE',
    `GET /status HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n${CLOSE}\r\n`,
  ],
  [
    'headers without end',
    431,
    'HEADERS_TOO_LARGE',
    `GET /status HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(10_000)}`,
  ],
  [
    '2,000 headers in 16 KB',
    200,
    null,
    `GET /status HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(2_000)}${CLOSE}\r\n`,
  ],
  [
    'a prototype’s names as headers',
    200,
    null,
    `GET /status HTTP/1.1\r\nHost: a\r\n__proto__: a\r\nconstructor: b\r\n${CLOSE}\r\n`,
  ],
  [
    'a GET with a body',
    200,
    null,
    `GET /status HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n${CLOSE}\r\nabcd`,
  ],
  [
    'a bearer token of bytes',
    401,
    'TOKEN_INVALID',
    Buffer.from(
      `GET /verify-token HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\n${CLOSE}\r\n`,
      'latin1',
    ),
  ],
];

describe('hostile HTTP', () => {
  let api: ServedApi;
  before(async () => {
    api = await servedApi();
  });
  after(() => api.server.close());

  for (const [what, status, code, request] of ROWS) {
    it(`${what}: ${status}`, async () => {
      const answer = await rawRequest(api.url, request);
      assert.deepEqual([answer.status, code && JSON.parse(answer.body).code], [status, code]);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      assert.equal(answer.headers.connection, 'close');
      // One answer, whatever came after what was taken for the request.
      assert.equal(answer.text.split('HTTP/1.1 ').length, 2);
      assert.equal((await fetch(`${api.url}/status`)).status, 200, 'it serves on');
    });
  }

  it('does not take the rest of an unread body for a request', async () => {
    const smuggled = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await rawRequest(
      api.url,
      `POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      `GET /status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
    );
    assert.deepEqual(
      [...answer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
      ['404', '200'],
    );
  });

  it('logs no 5xx for any of it', async () => {
    assert.deepEqual(
      api.logged.filter((line) => Number(line.status) >= 500 || Number(line.level) >= 50),
      [],
    );
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    assert.doesNotMatch(metrics, /http_requests_total\{[^}]*status="5/);
  });

  it('says what was refused before it was a request', async () => {
    const refused: Array<[number, string]> = [];
    const told = await servedApi({ onRefused: (...what) => refused.push(what) });
    await rawRequest(told.url, 'nonsense\r\n\r\n');
    await rawRequest(told.url, `GET /status HTTP/1.1\r\n${CLOSE}\r\n`);
    await told.server.close();
    assert.deepEqual(refused, [
      [400, 'REQUEST_MALFORMED'],
      [400, 'REQUEST_MALFORMED'],
    ]);
  });

  it('answers a sound request on a kept connection after one that was refused by the app', async () => {
    const answer = await rawRequest(
      api.url,
      'GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n',
      `GET /status HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
    );
    assert.deepEqual(
      [...answer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
      ['404', '200'],
    );
    assert.equal((await body(await fetch(`${api.url}/status`))).ready, true);
  });
});
