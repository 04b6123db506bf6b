import { strict as assert } from 'node:assert';
import { body, FIELDS, jpeg, standInInference, testApi } from './support.ts';

/** A part as it travels; `headers` beside or instead of the usual one. */
function part(name: string, content: string | Buffer, headers?: string): Buffer {
  const disposition = headers ?? `Content-Disposition: form-data; name="${name}"`;
  return Buffer.concat([
    Buffer.from(`--edge\r\n${disposition}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
}
const END = Buffer.from('--edge--\r\n');
const disposition = (rest: string) => `Content-Disposition: form-data; ${rest}`;

/** All fields of a product, those given by the name in place of the usual ones. */
async function product(changed: Record<string, Buffer[]> = {}): Promise<Buffer> {
  const usual = Object.entries(FIELDS).map(([name, value]) => [name, [part(name, value)]] as const);
  const image = [part('image', await jpeg(), disposition('name="image"; filename="a.jpg"'))];
  const parts = { ...Object.fromEntries(usual), image, ...changed };
  return Buffer.concat([...Object.values(parts).flat(), END]);
}

async function post(content: Buffer, contentType = 'multipart/form-data; boundary=edge') {
  const inference = standInInference();
  const api = await testApi({ inference });
  const answer = await api.app.request('/predict', {
    method: 'POST',
    headers: { Authorization: `Bearer ${await api.token()}`, 'Content-Type': contentType },
    body: Uint8Array.from(content),
  });
  return { status: answer.status, code: (await body(answer)).code, asked: inference.asked[0] };
}

describe('a multipart form', () => {
  for (const [what, designation, expected] of [
    [
      'in ISO 8859-1, when its part says so',
      part(
        'designation',
        Buffer.from('Été à la plage', 'latin1'),
        `${disposition('name="designation"')}\r\nContent-Type: text/plain; charset=iso-8859-1`,
      ),
      'Été à la plage',
    ],
    ['in UTF-8, when its part says nothing', part('designation', 'Été 🏊'), 'Été 🏊'],
    ['with line breaks', part('designation', 'Été\r\n--edg\r\nplage'), 'Été\r\n--edg\r\nplage'],
    ['with an unquoted name', part('designation', 'Piscine', disposition('name=designation')), 'Piscine'],
  ] as const) {
    it(`takes a field ${what}`, async () => {
      const { status, asked } = await post(await product({ designation: [designation] }));
      assert.deepEqual([status, asked?.designation], [200, expected]);
    });
  }

  it('takes the last of several values of a field', async () => {
    const { status, asked } = await post(
      await product({ designation: ['a', 'b', 'c'].map((value) => part('designation', value)) }),
    );
    assert.deepEqual([status, asked?.designation], [200, 'c']);
  });

  const file = async (rest: string) => [part('image', await jpeg(), disposition(rest))];
  for (const [what, rest] of [
    ['a name in Unicode', 'name="image"; filename="photo d’été 🏊.jpg"'],
    ['a name as RFC 5987 writes it', 'name="image"; filename*=UTF-8\'\'photo%20d%E2%80%99%C3%A9t%C3%A9.jpg'],
    ['a name with a path in it', 'name="image"; filename="..\\\\..\\\\..//etc/passwd"'],
    ['a name of 4 KB', `name="image"; filename="${'x'.repeat(4096)}.jpg"`],
  ] as const) {
    it(`takes a picture with ${what}`, async () => {
      const { status, asked } = await post(await product({ image: await file(rest) }));
      assert.deepEqual([status, Buffer.from(asked?.picture ?? [])], [200, await jpeg()]);
    });
  }

  it('takes the bytes as they are: a transfer encoding is no encoding of forms', async () => {
    const encoded = (await jpeg()).toString('base64');
    const headers = `${disposition('name="image"; filename="a.jpg"')}\r\nContent-Transfer-Encoding: base64`;
    const { status, asked } = await post(await product({ image: [part('image', encoded, headers)] }));
    assert.equal(status, 200);
    // The inference process will see that this is no picture.
    assert.equal(Buffer.from(asked?.picture ?? []).toString(), encoded);
  });

  for (const [what, changed] of [
    ['a part without a name', { nameless: [part('', 'x', disposition('filename="a"'))] }],
    ['a part without headers', { bare: [part('', 'x', 'X-Nothing: 1')] }],
    ['fields that it does not know', { colour: [part('colour', 'blue'), part('__proto__', 'x')] }],
    [
      'a form in the form',
      {
        nested: [
          part(
            'nested',
            `--inner\r\n${disposition('name="designation"')}\r\n\r\nLivre\r\n--inner--\r\n`,
            `${disposition('name="nested"')}\r\nContent-Type: multipart/mixed; boundary=inner`,
          ),
        ],
      },
    ],
  ] as const) {
    it(`does not look at ${what}`, async () => {
      const { status, asked } = await post(await product(changed as unknown as Record<string, Buffer[]>));
      assert.deepEqual([status, asked?.designation], [200, FIELDS.designation]);
    });
  }

  for (const [what, status, code, changed] of [
    ['the picture as a text field', 422, 'FIELDS_INVALID', { image: [part('image', 'a.jpg')] }],
    [
      'a text in a charset that nobody knows',
      200,
      undefined,
      {
        designation: [
          part(
            'designation',
            'x',
            `${disposition('name="designation"')}\r\nContent-Type: text/plain; charset=klingon`,
          ),
        ],
      },
    ],
    [
      'a part whose head has 100 KB',
      422,
      'FIELDS_INVALID',
      {
        designation: [
          part('designation', 'x', `X: ${'y'.repeat(100_000)}\r\n${disposition('name="designation"')}`),
        ],
      },
    ],
    [
      'a part whose head has 1,000 lines',
      422,
      'FIELDS_INVALID',
      {
        designation: [
          part('designation', 'x', `${'X: y\r\n'.repeat(1_000)}${disposition('name="designation"')}`),
        ],
      },
    ],
    [
      'two pictures in one field',
      200,
      undefined,
      {
        image: [
          part('image', 'a', disposition('name="image"; filename="a"')),
          part('image', 'b', disposition('name="image"; filename="b"')),
        ],
      },
    ],
  ] as const) {
    it(`with ${what} is ${status}`, async () => {
      const answer = await post(await product(changed as unknown as Record<string, Buffer[]>));
      assert.deepEqual([answer.status, answer.code], [status, code]);
    });
  }

  for (const [what, status, contentType] of [
    ['a quoted boundary', 200, 'multipart/form-data; boundary="edge"'],
    ['capitals', 200, 'Multipart/Form-Data; Boundary=edge'],
    ['a charset beside it', 200, 'multipart/form-data; charset=utf-8; boundary=edge'],
    ['an empty boundary', 422, 'multipart/form-data; boundary='],
    ['another kind of multipart', 415, 'multipart/mixed; boundary=edge'],
  ] as const) {
    it(`announced with ${what} is ${status}`, async () => {
      assert.equal((await post(await product(), contentType)).status, status);
    });
  }
});
