import { jpeg } from '../../api/support.ts';
import { cases, codeOf, exchange, type HostileCase, type Make, type Victim } from './case.ts';

const MEGABYTE = 1024 * 1024;
const JSON_TYPE = { 'Content-Type': 'application/json' };

const json =
  (body: unknown, headers: Readonly<Record<string, string>> = JSON_TYPE): Make =>
  () => ({
    headers,
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
const inference =
  (body: unknown): Make =>
  async (victim) => ({
    ...(await json(body)(victim)),
    path: '/v2/models/etiquette/infer',
  });

const BODIES = cases('JSON', [
  ['a text alone', 200, null, json({ designation: 'Piscine ronde' })],
  [
    'a picture alone',
    200,
    null,
    async () => ({
      headers: JSON_TYPE,
      body: JSON.stringify({ image: (await jpeg()).toString('base64') }),
    }),
  ],
  ['nothing', 422, 'JSON_INVALID', json('')],
  ['half of it', 422, 'JSON_INVALID', json('{"designation": "Pis')],
  ['what is no UTF-8', 422, 'JSON_INVALID', json(Buffer.from('{"designation": "\xff\xfe"}', 'latin1'))],
  ['null', 422, 'FIELDS_INVALID', json('null')],
  ['a number for a text', 422, 'FIELDS_INVALID', json({ designation: 1e308 })],
  [
    'an object that would be everybody’s prototype',
    422,
    'FIELDS_INVALID',
    json('{"__proto__": {"designation": "x"}}'),
  ],
  [
    'a member that nobody knows',
    422,
    'FIELDS_INVALID',
    json({ designation: 'x', url: 'http://169.254.169.254/' }),
  ],
  ['100,000 brackets in each other', 422, 'JSON_INVALID', json(`{"designation": ${'['.repeat(100_000)}`)],
  ['a million tiny objects', 422, 'JSON_INVALID', json(`[${'{},'.repeat(1_000_000)}{}]`)],
  ['a text of 3 MB', 422, 'FIELDS_INVALID', json({ description: 'x'.repeat(3 * MEGABYTE) })],
  ['a picture that is no base64', 422, 'FIELDS_INVALID', json({ image: 'data:image/png;base64,AAAA' })],
  [
    'a picture in base64 of 9 MB',
    413,
    'PICTURE_TOO_LARGE',
    json({ image: Buffer.alloc(9 * MEGABYTE).toString('base64') }),
  ],
  [
    'a body of 100 MB',
    413,
    'BODY_TOO_LARGE',
    () => ({
      headers: { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' },
      body: function* () {
        for (let sent = 0; sent < 100; sent += 1) yield Buffer.alloc(MEGABYTE, ' ');
      },
    }),
  ],
  [
    'gzip, though it is not asked for',
    422,
    'JSON_INVALID',
    json(Buffer.from('1f8b0800000000000003ab', 'hex'), {
      ...JSON_TYPE,
      'Content-Encoding': 'gzip',
    }),
  ],
  [
    'another character set',
    415,
    'CONTENT_TYPE_UNSUPPORTED',
    json('{}', { 'Content-Type': 'application/json; charset=utf-16' }),
  ],
  [
    'tensors of a billion products',
    422,
    'FIELDS_INVALID',
    inference({
      inputs: [{ name: 'designation', shape: [1_000_000_000, 1], datatype: 'BYTES', data: ['x'] }],
    }),
  ],
  [
    'a stream that is no stream',
    415,
    'CONTENT_TYPE_UNSUPPORTED',
    async (victim) => ({
      ...(await json('{}')(victim)),
      path: '/predict/batch',
    }),
  ],
]);

/** The code of a stream's first answer: the stream itself is a 200. */
function line(what: string, code: string, body: string | (() => Iterable<Uint8Array>)): HostileCase {
  return {
    ...{ group: 'JSON', what, status: 200, code },
    async send(victim: Victim) {
      const headers = { 'Content-Type': 'application/x-ndjson' };
      return exchange(victim, { path: '/predict/batch', headers, body }, codeOfLine);
    },
  };
}

function codeOfLine(text: string): string | null {
  const [first = ''] = text.split('\n');
  return codeOf(first, (answer) => (answer as { error?: { code?: string } }).error?.code);
}

export const JSON_BODIES: readonly HostileCase[] = [
  ...BODIES,
  line('a line that is no JSON', 'JSON_INVALID', 'Piscine ronde\n'),
  line('a line of nested brackets', 'JSON_INVALID', `${'['.repeat(1_000_000)}\n`),
  line('a line of 100 MB without an end', 'LINE_TOO_LARGE', function* () {
    for (let sent = 0; sent < 100; sent += 1) yield Buffer.alloc(MEGABYTE, 'x');
  }),
];
