import { rawRequest } from '../raw-http.ts';
import { cases, codeOf, type HostileCase, type Reply, type Victim } from './case.ts';

const CLOSE = 'Connection: close\r\n\r\n';

/** Bytes as no HTTP library would send them. */
function raw(
  what: string,
  status: number,
  code: string | null,
  ...pieces: readonly ((victim: Victim) => string)[]
): HostileCase {
  return {
    ...{ group: 'connection', what, status, code },
    async send(victim): Promise<Reply> {
      const answer = await rawRequest(victim.url, ...pieces.map((piece) => piece(victim)));
      return { status: answer.status, code: codeOf(answer.body), headers: answer.headers };
    },
  };
}

const get =
  (path: string, headers = '') =>
  () =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}${CLOSE}`;
const predict =
  (headers: string, body = '') =>
  ({ token }: Victim) =>
    `POST /predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: multipart/form-data; boundary=edge\r\n${headers}\r\n${body}`;

export const CONNECTIONS: readonly HostileCase[] = [
  raw(
    'a head that does not end',
    408,
    'REQUEST_TIMEOUT',
    () => 'POST /predict HTTP/1.1\r\nHost: x\r\nX-Slow: ',
  ),
  raw('nothing at all', 408, 'REQUEST_TIMEOUT', () => ''),
  raw('a body that does not come', 408, 'REQUEST_TIMEOUT', predict('Content-Length: 5000\r\n', '--edge\r\n')),
  raw(
    'a chunk that does not come',
    408,
    'REQUEST_TIMEOUT',
    predict('Transfer-Encoding: chunked\r\n', '5\r\n--ed'),
  ),
  raw(
    'two lengths',
    400,
    'REQUEST_MALFORMED',
    predict('Content-Length: 5\r\nContent-Length: 6\r\n', 'x'.repeat(6)),
  ),
  raw(
    'a length and chunks, to smuggle a request',
    400,
    'REQUEST_MALFORMED',
    predict(
      'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
      '0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n',
    ),
  ),
  raw(
    'an encoding that hides "chunked"',
    400,
    'REQUEST_MALFORMED',
    predict('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
  ),
  raw('a negative length', 400, 'REQUEST_MALFORMED', predict('Content-Length: -1\r\n')),
  raw('a length of 10^30', 400, 'REQUEST_MALFORMED', predict(`Content-Length: 1${'0'.repeat(30)}\r\n`)),
  raw(
    'a chunk of a size that is no number',
    400,
    'REQUEST_MALFORMED',
    predict('Transfer-Encoding: chunked\r\n', 'zz\r\n'),
  ),
  raw('a header with a blank before its colon', 400, 'REQUEST_MALFORMED', get('/status', 'X-A : b\r\n')),
  raw('a folded header', 400, 'REQUEST_MALFORMED', get('/status', 'X-A: b\r\n c\r\n')),
  raw('a header with a null byte', 400, 'REQUEST_MALFORMED', get('/status', 'X-A: b\0c\r\n')),
  raw(
    'lines that end with a bare line feed',
    400,
    'REQUEST_MALFORMED',
    () => 'GET /status HTTP/1.1\nHost: x\n\n',
  ),
  raw('no host', 400, 'REQUEST_MALFORMED', () => `GET /status HTTP/1.1\r\n${CLOSE}`),
  raw('two hosts', 400, 'REQUEST_MALFORMED', get('/status', 'Host: evil\r\n')),
  raw(
    'a host that makes no URL',
    400,
    'REQUEST_MALFORMED',
    () => `GET /status HTTP/1.1\r\nHost: [::\r\n${CLOSE}`,
  ),
  raw('headers of 64 KB', 431, 'HEADERS_TOO_LARGE', get('/status', `X-A: ${'a'.repeat(65_536)}\r\n`)),
  raw(
    '5,000 headers',
    431,
    'HEADERS_TOO_LARGE',
    get('/status', Array.from({ length: 5000 }, (_, n) => `X-${n}: a\r\n`).join('')),
  ),
  raw('a URL of 64 KB', 431, 'HEADERS_TOO_LARGE', get(`/${'a'.repeat(65_536)}`)),
  raw('a path with a null byte', 404, 'NOT_FOUND', get('/status%00')),
  raw('a path out of the root', 404, 'NOT_FOUND', get('/../../etc/passwd')),
  raw('a path that is no UTF-8', 404, 'NOT_FOUND', get('/%ff%fe')),
  raw('a bundle’s path out of the store', 404, 'NOT_FOUND', get('/docs/..%2f..%2fpackage.json')),
  raw('the preface of HTTP/2', 400, 'REQUEST_MALFORMED', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  raw('the hello of TLS', 400, 'REQUEST_MALFORMED', () => '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'),
  raw(
    'a version that nobody speaks',
    400,
    'REQUEST_MALFORMED',
    () => `GET /status HTTP/9.9\r\nHost: x\r\n${CLOSE}`,
  ),
  raw(
    'CONNECT to somewhere else',
    400,
    'REQUEST_MALFORMED',
    () => `CONNECT evil:443 HTTP/1.1\r\nHost: evil\r\n${CLOSE}`,
  ),
  raw('TRACE', 405, 'METHOD_NOT_ALLOWED', () => `TRACE /status HTTP/1.1\r\nHost: x\r\n${CLOSE}`),
  raw(
    'a method that nobody knows',
    400,
    'REQUEST_MALFORMED',
    () => `BREW /status HTTP/1.1\r\nHost: x\r\n${CLOSE}`,
  ),
  raw('an expectation that cannot be met', 417, 'EXPECTATION_FAILED', get('/status', 'Expect: miracles\r\n')),
  raw('an upgrade to another protocol', 200, null, get('/status', 'Connection: Upgrade\r\nUpgrade: h2c\r\n')),
  ...cases('connection', [
    [
      'a request id that breaks the line',
      200,
      null,
      () => ({
        ...{ method: 'GET', path: '/status', headers: { 'X-Request-ID': 'a%0d%0aSet-Cookie: b' } },
      }),
    ],
    [
      'a forged address of the client',
      200,
      null,
      () => ({
        ...{
          method: 'GET',
          path: '/status',
          headers: { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Proto': 'https' },
        },
      }),
    ],
    [
      'another method in a header',
      405,
      'METHOD_NOT_ALLOWED',
      () => ({
        ...{ method: 'GET', headers: { 'X-HTTP-Method-Override': 'POST' } },
      }),
    ],
    [
      'the pipeline’s own route',
      401,
      'DEPLOY_TOKEN_INVALID',
      () => ({
        path: '/internal/deployments',
        body: JSON.stringify({ version: '../../etc' }),
      }),
    ],
    [
      'a login in JSON',
      415,
      'CONTENT_TYPE_UNSUPPORTED',
      () => ({
        path: '/token',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username: 'a', password: 'b' }),
      }),
    ],
    [
      'a password of 1 MB',
      413,
      'BODY_TOO_LARGE',
      ({ username }) => ({
        path: '/token',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ username, password: 'x'.repeat(1024 * 1024) }).toString(),
      }),
    ],
    [
      'a user’s name with a null byte',
      401,
      'LOGIN_FAILED',
      () => ({
        path: '/token',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'username=data_engineer%00&password=x',
      }),
    ],
    [
      'a user’s name that is SQL',
      401,
      'LOGIN_FAILED',
      () => ({
        path: '/token',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ username: "' OR 1=1 --", password: 'x' }).toString(),
      }),
    ],
  ]),
];
