import { strict as assert } from 'node:assert';
import { EtiquetteError } from '../../errors.ts';
import { body, FIELDS, jpeg, productForm, standInInference, standInPredictions, testApi } from './support.ts';

const picture = async () => (await jpeg()).toString('base64');

describe('top_k', () => {
  const labels = (answer: Record<string, unknown>) =>
    (answer.predictions as Array<{ label: string; confidence: number; prediction: number }>).map(
      ({ label }) => label,
    );

  /** Columns 2, 0 and 1 are the most probable, in this order. */
  const inference = () => {
    const { predict } = standInInference();
    return standInInference({
      async predict(product) {
        const probabilities = new Float32Array(27).fill(0.01);
        probabilities.set([0.2, 0.125, 0.5]);
        return { ...(await predict(product)), probabilities };
      },
    });
  };

  it('gives so many codes, the most probable first, for a form and for JSON', async () => {
    const api = await testApi({ inference: inference() });
    const form = await productForm();
    form.set('top_k', '3');
    const answer = await body(await api.predict(form));
    assert.deepEqual(answer.predictions, [
      { label: '50', confidence: 0.5, prediction: 2 },
      { label: '10', confidence: Math.fround(0.2), prediction: 0 },
      { label: '40', confidence: 0.125, prediction: 1 },
    ]);
    assert.deepEqual(labels(await body(await api.send('/predict', { ...FIELDS, top_k: 3 }))), [
      '50',
      '10',
      '40',
    ]);
  });

  it('gives every code once with 27, equal ones in the order of the labels', async () => {
    const api = await testApi({ inference: inference() });
    const all = labels(await body(await api.send('/predict', { ...FIELDS, top_k: 27 })));
    assert.equal(new Set(all).size, 27);
    assert.deepEqual(all.slice(3, 6), ['60', '1140', '1160']);
  });

  for (const top_k of ['0', '28', '-1', '1.5', 'many', '', '1e1']) {
    it(`of "${top_k}" in a form is 422`, async () => {
      const form = await productForm();
      form.set('top_k', top_k);
      const answer = await (await testApi()).predict(form);
      assert.equal(answer.status, 422);
      assert.match(JSON.stringify((await body(answer)).detail), /"loc":\["body","top_k"\]/);
    });
  }

  for (const top_k of [0, 28, 1.5, '3', null]) {
    it(`of ${JSON.stringify(top_k)} in JSON is 422`, async () => {
      const answer = await (await testApi()).send('/predict', { ...FIELDS, top_k });
      assert.equal(answer.status, 422);
      assert.match(JSON.stringify((await body(answer)).detail), /"loc":\["body","top_k"\]/);
    });
  }
});

describe('POST /predict with JSON', () => {
  it('answers what the form answers', async () => {
    const api = await testApi();
    const { prediction_id: _, ...fromForm } = await body(await api.predict());
    const answer = await api.send('/predict', { ...FIELDS, image: await picture() });
    const { prediction_id, ...fromJson } = await body(answer);
    assert.equal(answer.status, 200);
    assert.deepEqual(fromJson, fromForm);
    assert.match(String(prediction_id), /^[0-9a-f-]{36}$/);
  });

  it('hands texts and picture to the model, unchanged', async () => {
    const inference = standInInference();
    const { designation, description } = FIELDS;
    await (await testApi({ inference })).send('/predict', {
      designation,
      description,
      image: await picture(),
    });
    assert.deepEqual(
      inference.asked.map((asked) => ({ ...asked, picture: Buffer.from(asked.picture ?? []) })),
      [{ designation, description, picture: await jpeg() }],
    );
  });

  for (const [what, product, expected] of [
    ['a designation alone', { designation: 'Piscine' }, ['Piscine', '']],
    ['a description alone', { designation: '', description: 'Piscine', image: null }, ['', 'Piscine']],
    ['ids as numbers', { designation: 'Piscine', product_id: 3804725264, imageid: 1 }, ['Piscine', '']],
  ] as const) {
    it(`takes ${what}`, async () => {
      const inference = standInInference();
      const answer = await (await testApi({ inference })).send('/predict', product);
      assert.equal(answer.status, 200);
      const [asked] = inference.asked;
      assert.deepEqual([asked?.designation, asked?.description, asked?.picture], [...expected, null]);
    });
  }

  it('takes a picture alone', async () => {
    const inference = standInInference();
    assert.equal(
      (await (await testApi({ inference })).send('/predict', { image: await picture() })).status,
      200,
    );
    const [asked] = inference.asked;
    assert.deepEqual([asked?.designation, asked?.description], ['', '']);
    assert.equal(asked?.picture?.length, (await jpeg()).length);
  });

  const fields = (...names: string[]) => names.map((name) => ['body', name]);
  for (const [what, product, locs] of [
    ['nothing', {}, fields('designation', 'description', 'image')],
    ['ids alone', { product_id: '1' }, fields('designation', 'description', 'image')],
    ['empty texts', { designation: '', description: '' }, fields('designation', 'description', 'image')],
    ['a member that it does not know', { desription: 'Piscine' }, fields('desription')],
    ['a number as text', { designation: 17 }, fields('designation')],
    ['base64 with a line break', { image: 'AAAA\nAAA' }, fields('image')],
    ['base64 for URLs', { image: '_-_-' }, fields('image')],
    ['base64 that is cut off', { image: 'AAAAA' }, fields('image')],
    ['a data URL', { image: 'data:image/png;base64,AAAA' }, fields('image')],
    ['a designation of 70,000 characters', { designation: 'é'.repeat(70_000) }, fields('designation')],
    ['a list', [], fields('')],
    ['a text', '"Piscine"', fields('')],
    ['null', 'null', fields('')],
  ] as const) {
    it(`refuses ${what} with the places`, async () => {
      const answer = await (await testApi()).send('/predict', product);
      const { code, detail } = await body(answer);
      assert.deepEqual([answer.status, code], [422, 'FIELDS_INVALID']);
      assert.deepEqual(
        (detail as Array<{ loc: unknown }>).map(({ loc }) => loc),
        locs,
      );
    });
  }

  it('takes as many characters as the bound says, whatever their bytes', async () => {
    const designation = '🏊'.repeat(64 * 1024);
    assert.equal((await (await testApi()).send('/predict', { designation })).status, 200);
  });

  it('bounds a picture before it is decoded', async () => {
    const api = await testApi({ config: { MAX_PICTURE_BYTES: 300 } });
    const image = (bytes: number) => Buffer.alloc(bytes, 1).toString('base64');
    for (const [bytes, status] of [
      [300, 200],
      [301, 413],
      [302, 413],
    ] as const) {
      assert.equal((await api.send('/predict', { image: image(bytes) })).status, status, `${bytes}`);
    }
    const empty = await api.send('/predict', { image: '' });
    assert.deepEqual([empty.status, (await body(empty)).code], [422, 'PICTURE_EMPTY']);
  });

  it('is 422 when it cannot be read, and 415 in another charset', async () => {
    const api = await testApi();
    const broken = await api.send('/predict', '{"designation": "Pisc');
    assert.deepEqual([broken.status, (await body(broken)).code], [422, 'JSON_INVALID']);
    const latin = await api.send('/predict', '{}', 'application/json; charset=iso-8859-1');
    assert.deepEqual([latin.status, (await body(latin)).code], [415, 'CONTENT_TYPE_UNSUPPORTED']);
    const utf = await api.send('/predict', { designation: 'Piscine' }, 'application/json; charset=UTF-8');
    assert.equal(utf.status, 200);
  });

  it('leaves the form’s demands as they are', async () => {
    const api = await testApi();
    for (const form of [
      await productForm({}, null),
      await productForm({ description: '' }),
      await productForm({ imageid: null }),
    ]) {
      assert.equal((await api.predict(form)).status, 422);
    }
  });
});

describe('POST /predict with several products', () => {
  type Result = {
    predictions?: Array<{ prediction: number }>;
    prediction_id?: string;
    error?: { code: string };
  };
  const resultsOf = async (answer: Response) => (await body(answer)).results as Result[];

  it('answers each in its place, and keeps a record of each', async () => {
    const predictions = standInPredictions();
    const api = await testApi({ predictions });
    const answer = await api.send('/predict', {
      products: [{ designation: 'Piscine' }, { image: await picture(), top_k: 3 }, { description: 'Livre' }],
      top_k: 2,
    });
    assert.equal(answer.status, 200);
    const results = await resultsOf(answer);
    assert.deepEqual(
      results.map(({ predictions }) => predictions?.length),
      [2, 3, 2],
    );
    assert.deepEqual(
      new Set(results.map(({ prediction_id }) => prediction_id)),
      new Set(predictions.recorded.map(({ id }) => id)),
    );
  });

  it('keeps the order, whichever is answered first', async () => {
    const { predict } = standInInference();
    const waiting: Array<() => void> = [];
    const inference = standInInference({
      async predict(product) {
        const answer = await predict(product);
        const column = Number(product.designation);
        const probabilities = new Float32Array(27);
        probabilities[column] = 1;
        // The first of each two waits for the second.
        if (column % 2 === 0) await new Promise<void>((resolve) => waiting.push(resolve));
        else waiting.shift()?.();
        return { ...answer, probabilities };
      },
    });
    const api = await testApi({ inference, config: { MAX_QUEUE: 16 } });
    const products = Array.from({ length: 8 }, (_, place) => ({ designation: String(place) }));
    const results = await resultsOf(await api.send('/predict', { products }));
    assert.deepEqual(
      results.map(({ predictions }) => predictions?.[0]?.prediction),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
  });

  it('tells what is wrong with one in its place, and answers the others', async () => {
    const { predict } = standInInference();
    const inference = standInInference({
      predict: (product) =>
        product.picture
          ? Promise.reject(new EtiquetteError('PICTURE_UNREADABLE', 'Cut short.'))
          : predict(product),
    });
    const answer = await (await testApi({ inference })).send('/predict', {
      products: [{ designation: 'Piscine' }, {}, { image: 'AAAA' }, { image: '?' }, { designation: 'Livre' }],
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      (await resultsOf(answer)).map(({ error, predictions }) => error?.code ?? predictions?.length),
      [1, 'FIELDS_INVALID', 'PICTURE_UNREADABLE', 'FIELDS_INVALID', 1],
    );
  });

  it('asks for no more at a time than a share of the queue', async () => {
    let going = 0;
    let most = 0;
    const { predict } = standInInference();
    const inference = standInInference({
      async predict(product) {
        going += 1;
        most = Math.max(most, going);
        await new Promise((resolve) => setImmediate(resolve));
        going -= 1;
        return predict(product);
      },
    });
    const api = await testApi({ inference, config: { MAX_QUEUE: 32 } });
    const products = Array.from({ length: 32 }, () => ({ designation: 'Piscine' }));
    assert.equal((await resultsOf(await api.send('/predict', { products }))).length, 32);
    assert.equal(most, 4);
  });

  it('waits while the queue is full, where one product alone is refused', async () => {
    let tries = 0;
    const { predict } = standInInference();
    const inference = standInInference({
      predict: (product) =>
        ++tries === 1
          ? Promise.reject(new EtiquetteError('SERVING_BUSY', 'Later.', { retryable: true }))
          : predict(product),
    });
    const answer = await (await testApi({ inference })).send('/predict', {
      products: [{ designation: 'Piscine' }],
    });
    assert.deepEqual([answer.status, tries], [200, 2]);
  });

  it('is 503 as a whole when the service can answer none', async () => {
    const inference = standInInference({
      predict: () => Promise.reject(new EtiquetteError('NO_MODEL', 'Later.', { retryable: true })),
    });
    const answer = await (await testApi({ inference })).send('/predict', {
      products: [{ designation: 'Piscine' }, { designation: 'Livre' }],
    });
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '10']);
  });

  for (const [what, several] of [
    ['none', { products: [] }],
    ['33', { products: Array.from({ length: 33 }, () => ({ designation: 'Piscine' })) }],
    ['no list of them', { products: { designation: 'Piscine' } }],
    ['texts instead of them', { products: ['Piscine'] }],
    ['a member that is not known', { products: [{ designation: 'Piscine' }], designation: 'Livre' }],
  ] as const) {
    it(`refuses ${what} as a whole`, async () => {
      const answer = await (await testApi()).send('/predict', several);
      assert.deepEqual([answer.status, (await body(answer)).code], [422, 'FIELDS_INVALID']);
    });
  }
});
