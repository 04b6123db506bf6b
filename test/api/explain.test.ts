import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import { body, FIELDS, jpeg, productForm, standInInference, testApi, VERSION } from './support.ts';

async function form(fields: Record<string, string> = {}): Promise<FormData> {
  const whole = await productForm();
  for (const [name, value] of Object.entries(fields)) whole.set(name, value);
  return whole;
}

describe('POST /explain', () => {
  it('answers what words and regions did for the code, with its French name and the bundle’s version', async () => {
    assert.deepEqual(await body(await (await testApi()).explain()), {
      label: '2583',
      name: 'Piscine',
      confidence: 0.75,
      text: {
        method: 'weights',
        weight: 0.5,
        confidence: 0.7,
        contribution: 1.5,
        words: [{ text: 'Piscine', field: 'designation', start: 0, end: 7, contribution: 1.5 }],
        total_words: 1,
        bias: -0.5,
        others: 0,
      },
      image: {
        method: 'occlusion',
        weight: 0.5,
        confidence: 0.7,
        contribution: 1.5,
        rows: 1,
        columns: 2,
        contributions: [0.25, -0.5],
      },
      bundle_version: VERSION,
    });
  });

  it('hands text and picture to the model, unchanged', async () => {
    const inference = standInInference();
    await (await testApi({ inference })).explain();
    const [product] = inference.asked;
    assert.equal(product?.description, FIELDS.description);
    assert.deepEqual(Buffer.from(product?.picture ?? []), await jpeg());
  });

  it('explains the code that is asked for, named in the language that is asked for', async () => {
    const { label, name } = await body(
      await (await testApi()).explain(await form({ label: '1280', language: 'en' })),
    );
    assert.deepEqual([label, name], ['1280', 'Toys']);
  });

  it('refuses what is no type code and no language of it, each by its name', async () => {
    for (const label of ['1281x', '7', '-1', '2583.0', 'piscine']) {
      const answer = await (await testApi()).explain(await form({ label, language: 'de' }));
      assert.equal(answer.status, 422);
      const { code, detail } = await body(answer);
      assert.equal(code, 'FIELDS_INVALID');
      assert.deepEqual(
        (detail as Array<{ loc: string[] }>).map(({ loc }) => loc),
        [
          ['body', 'label'],
          ['body', 'language'],
        ],
      );
    }
  });

  it('draws the picture with its regions for a client that prefers PNG', async () => {
    const answer = await (await testApi()).explain(undefined, { Accept: 'image/png' });
    assert.equal(answer.headers.get('content-type'), 'image/png');
    assert.equal(answer.headers.get('vary'), 'Accept');
    assert.equal(await answer.text(), 'a heat map');
    for (const Accept of ['*/*', 'application/json', 'image/png;q=0.5, application/json']) {
      const json = await (await testApi()).explain(undefined, { Accept });
      assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
    }
  });

  it('has the form, the token and the bounds of /predict', async () => {
    const api = await testApi({ config: { MAX_PICTURE_BYTES: 1000 } });
    assert.equal((await api.app.request('/explain', { method: 'POST', body: await form() })).status, 401);
    assert.equal((await api.explain(await productForm({ designation: null }))).status, 422);
    assert.equal((await api.explain(await productForm({}, null))).status, 422);
    const large = new Blob([new Uint8Array(2000)]);
    assert.equal((await body(await api.explain(await productForm({}, large)))).code, 'PICTURE_TOO_LARGE');
    assert.equal((await api.app.request('/explain')).status, 405);
  });

  it('has a limit of its own beside that of /predict', async () => {
    const api = await testApi({ config: { PREDICT_PER_MINUTE: 2 } });
    const statuses = [await api.predict(), await api.explain(), await api.explain(), await api.explain()];
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [200, 200, 200, 429],
    );
  });

  it('answers 503 EXPLAIN_BUSY with Retry-After, without reading a body for which there is no place', async () => {
    const full = await testApi({ inference: standInInference({ explaining: 4 }) });
    const refused = standInInference({
      explain: () => Promise.reject(new EtiquetteError('EXPLAIN_BUSY', 'Later.', { retryable: true })),
    });
    for (const api of [full, await testApi({ inference: refused })]) {
      const answer = await api.explain();
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5']);
      assert.equal((await body(answer)).code, 'EXPLAIN_BUSY');
    }
  });

  it('is in the OpenAPI document', async () => {
    const document = (await body(await (await testApi()).app.request('/openapi.json'))) as {
      paths: Record<string, { post?: { responses: Record<string, { content: object }> } }>;
    };
    const content = document.paths['/explain']?.post?.responses['200']?.content ?? {};
    assert.deepEqual(Object.keys(content), ['application/json', 'image/png']);
  });
});
