import { FIELDS, productForm } from '../../api/support.ts';
import { cases, type HostileCase, type Make, type Sent } from './case.ts';

const MEGABYTE = 1024 * 1024;

const fields =
  (values: Parameters<typeof productForm>[0]): Make =>
  async () => ({ body: await productForm(values) });
const multipart = (content: string, headers: Readonly<Record<string, string>> = {}): Sent => ({
  headers: { 'Content-Type': 'multipart/form-data; boundary=edge', ...headers },
  body: content,
});
const part = (name: string, value: string) =>
  `--edge\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const PARTS = Object.entries(FIELDS)
  .map(([name, value]) => part(name, value))
  .join('');
const described = (description: string): Make => fields({ description });

function* megabytes(count: number): Iterable<Buffer> {
  for (let sent = 0; sent < count; sent += 1) yield Buffer.alloc(MEGABYTE);
}

const hugeBody =
  (headers: Readonly<Record<string, string>>): Make =>
  () => ({
    headers: { 'Content-Type': 'multipart/form-data; boundary=edge', ...headers },
    body: () => megabytes(100),
  });

export const FORMS: readonly HostileCase[] = cases('form', [
  ['GET', 405, 'METHOD_NOT_ALLOWED', () => ({ method: 'GET' })],
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
    'a content type of many blanks',
    415,
    'CONTENT_TYPE_UNSUPPORTED',
    () => ({
      body: 'x',
      headers: { 'Content-Type': `multipart/form-data${' '.repeat(8000)}x` },
    }),
  ],
  [
    'multipart without boundary',
    400,
    'BOUNDARY_MISSING',
    () => multipart(PARTS, { 'Content-Type': 'multipart/form-data' }),
  ],
  ['an empty multipart body', 422, 'MULTIPART_INVALID', () => multipart('')],
  ['a body that is cut off', 422, 'MULTIPART_INVALID', () => multipart(PARTS.slice(0, -40))],
  [
    'a picture that is cut off',
    422,
    'MULTIPART_INVALID',
    () =>
      multipart(
        `${PARTS}--edge\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\xff\xd8\xff`,
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
  [
    '10,000 parts',
    413,
    'PARTS_TOO_MANY',
    () =>
      multipart(`${Array.from({ length: 10_000 }, (_, n) => part(`field${n}`, 'x')).join('')}--edge--\r\n`),
  ],
  [
    'a field called __proto__',
    422,
    'FIELDS_INVALID',
    () => multipart(`${part('__proto__', 'x')}--edge--\r\n`),
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
  [
    'top_k of a billion',
    422,
    'FIELDS_INVALID',
    async () => {
      const body = await productForm();
      body.set('top_k', '1000000000');
      return { body };
    },
  ],
  ['an id of 2 KB', 413, 'FIELD_TOO_LARGE', fields({ product_id: '1'.repeat(2048) })],
  ['a designation of 100 KB', 413, 'FIELD_TOO_LARGE', fields({ designation: 'x'.repeat(100_000) })],
  ['a description of 3 MB', 413, 'FIELD_TOO_LARGE', fields({ description: 'x'.repeat(3 * MEGABYTE) })],

  ['a blank description', 200, null, described('   ')],
  ['stop words alone', 200, null, described('de la et pour les')],
  ['emoji, Chinese and Arabic', 200, null, described('🏊‍♀️👍🏽 游泳池 مسبح')],
  ['a million combining accents', 200, null, described(`e${'\u0301'.repeat(1_000_000)}`)],
  [
    'half a surrogate pair, a null byte and a line turned around',
    200,
    null,
    described('\ud83d \0 \u202eesicsip'),
  ],
  ['10,000 words, 1.1 MB', 200, null, described('anticonstitutionnellement '.repeat(42_000))],
  ['80,000 HTML tags', 200, null, described('<b><i>'.repeat(40_000))],
  ['a million unclosed brackets', 200, null, described('<'.repeat(1_000_000))],
  ['100,000 entities', 200, null, described('&amp;'.repeat(100_000))],
  [
    'a script and a path in the file’s name',
    200,
    null,
    async () => {
      const body = await productForm();
      const image = body.get('image') as Blob;
      body.set('image', image, '../../<script>\u202e.jpg');
      return { body };
    },
  ],

  ['a body of 100 MB', 413, 'BODY_TOO_LARGE', hugeBody({ 'Content-Length': String(100 * MEGABYTE) })],
  ['a body of 100 MB of unknown length', 413, 'BODY_TOO_LARGE', hugeBody({ 'Transfer-Encoding': 'chunked' })],
]);
