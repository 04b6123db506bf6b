import { strict as assert } from 'node:assert';
import { body, productForm, type TestApi, testApi } from './support.ts';

const PROBLEM = 'application/problem+json';

describe('a refusal', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi();
  });
  const ask = (accept?: string, path = '/nowhere', method = 'GET') =>
    api.app.request(path, { method, headers: accept === undefined ? {} : { Accept: accept } });
  const type = (answer: Response) => answer.headers.get('content-type');

  it('is the original’s {detail, code} for whoever asks for nothing else', async () => {
    for (const accept of [undefined, '*/*', 'application/json', 'application/*', 'text/html, */*;q=0.8']) {
      const answer = await ask(accept);
      assert.equal(type(answer), 'application/json', accept);
      assert.deepEqual(await body(answer), { detail: 'Not Found', code: 'NOT_FOUND' });
      assert.match(answer.headers.get('vary') ?? '', /Accept/);
    }
  });

  it('is a problem (RFC 9457) for whoever names that, with the code, a stable type and the request’s id', async () => {
    const id = 'order-17';
    const answer = await api.app.request('/nowhere', { headers: { Accept: PROBLEM, 'X-Request-ID': id } });
    assert.equal(answer.status, 404);
    assert.equal(type(answer), PROBLEM);
    assert.match(answer.headers.get('vary') ?? '', /Accept/);
    assert.deepEqual(await body(answer), {
      type: 'urn:etiquette:error:NOT_FOUND',
      title: 'Not found',
      status: 404,
      detail: 'Not Found',
      instance: 'urn:etiquette:request:order-17',
      code: 'NOT_FOUND',
    });
  });

  it('is what the client would rather have', async () => {
    for (const [accept, wanted] of [
      [`application/json, ${PROBLEM}`, PROBLEM],
      [`${PROBLEM}, application/json`, PROBLEM],
      [`application/json;q=0.5, ${PROBLEM}`, PROBLEM],
      [`${PROBLEM};q=0.9, */*`, PROBLEM],
      ['APPLICATION/PROBLEM+JSON', PROBLEM],
      [`application/json, ${PROBLEM};q=0.5`, 'application/json'],
      [`${PROBLEM};q=0`, 'application/json'],
      ['application/problem+xml', 'application/json'],
      [',;q=,,', 'application/json'],
    ] as const) {
      assert.equal(type(await ask(accept)), wanted, accept);
    }
  });

  it('lists wrong fields as `errors`, and says in `detail` which they are', async () => {
    const answer = await api.app.request('/predict', {
      method: 'POST',
      headers: { Accept: PROBLEM, Authorization: `Bearer ${await api.token()}` },
      body: await productForm({ imageid: null }),
    });
    const { status, detail, errors, code, title } = await body(answer);
    assert.deepEqual([answer.status, status, code, title], [422, 422, 'FIELDS_INVALID', 'Fields invalid']);
    assert.equal(detail, 'Correct these fields: imageid.');
    assert.deepEqual(errors, [
      { loc: ['body', 'imageid'], msg: 'field required', type: 'value_error.missing' },
    ]);
  });

  it('keeps the headers that go with its status', async () => {
    assert.equal((await ask(PROBLEM, '/verify-token')).headers.get('www-authenticate'), 'Bearer');
    assert.equal((await ask(PROBLEM, '/predict')).headers.get('allow'), 'POST');
  });

  it('of a HEAD has no body', async () => {
    const answer = await ask(PROBLEM, '/nowhere', 'HEAD');
    assert.deepEqual([answer.status, type(answer)], [404, PROBLEM]);
  });

  it('is in the OpenAPI document in both forms', async () => {
    const document = (await body(await api.app.request('/openapi.json'))) as {
      paths: Record<string, Record<string, { responses: Record<string, { content: object }> }>>;
    };
    const { content } = document.paths['/predict']!.post!.responses[422]!;
    assert.deepEqual(Object.keys(content), ['application/json', PROBLEM]);
  });
});
