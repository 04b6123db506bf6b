import { strict as assert } from 'node:assert';
import { openDatabase } from '../../api/database/open.ts';
import type { Database } from '../../api/database/schema.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';
import {
  body,
  CONFIG,
  FIELDS,
  jpeg,
  PASSWORD,
  productForm,
  standInPredictions,
  type TestApi,
  testApi,
  USERNAME,
  VERSION,
} from './support.ts';

/** What the stand-in answers. */
const PREDICTED = 2583;

describe('corrections', () => {
  let database: Database;
  let api: TestApi;
  let token: string;
  beforeEach(async () => {
    database = await openDatabase({ file: ':memory:' });
    api = await testApi({ database });
    token = await api.token();
  });
  afterEach(() => database.destroy());

  const ask = (path: string, init: RequestInit = {}) =>
    api.app.request(path, { ...init, headers: { Authorization: `Bearer ${token}`, ...init.headers } });
  const predicted = async (product: unknown = { designation: FIELDS.designation }) =>
    String((await body(await api.send('/predict', product))).prediction_id);
  const correct = (id: string, of: unknown) => api.send(`/predictions/${id}/correction`, of);
  const withdraw = (id: string) => ask(`/predictions/${id}/correction`, { method: 'DELETE' });
  const correctedForm = async (fields: Record<string, string> = {}) => {
    const form = await productForm();
    for (const [name, value] of Object.entries({ code: '1302', ...fields })) form.set(name, value);
    return form;
  };
  const list = async (query = '') =>
    (await body(await ask(`/corrections${query}`))) as unknown as {
      confirmed: number;
      corrected: number;
      corrections: Array<Record<string, unknown>>;
      next: string | null;
    };

  describe('POST /predictions/{id}/correction', () => {
    it('keeps the code, who gave it, and what had been predicted', async () => {
      const id = await predicted();
      const answer = await correct(id, {
        designation: FIELDS.designation,
        code: 1302,
        note: 'no water in it',
      });
      assert.equal(answer.status, 201);
      const { id: correction, at, inputs_hash, ...rest } = await body(answer);
      assert.match(String(correction), /^[0-9a-f-]{36}$/);
      assert.match(String(at), /^\d{4}-.*Z$/);
      assert.match(String(inputs_hash), /^[0-9a-f]{64}$/);
      assert.deepEqual(rest, {
        ...{ prediction_id: id, bundle_version: VERSION, predicted: PREDICTED, code: 1302 },
        ...{ confirmed: false, note: 'no water in it', by: USERNAME },
        ...{ designation: FIELDS.designation, has_picture: false },
      });
    });

    it('takes the form of /predict with a code, for a product that came as a form or as JSON', async () => {
      const fromForm = String((await body(await api.predict())).prediction_id);
      const { product_id, imageid, product_identifier, ...texts } = FIELDS;
      const fromJson = await predicted({ ...texts, image: (await jpeg()).toString('base64') });
      for (const id of [fromForm, fromJson]) {
        const answer = await ask(`/predictions/${id}/correction`, {
          method: 'POST',
          body: await correctedForm({ note: 'looked at it' }),
        });
        assert.equal(answer.status, 201);
        const { code, note, has_picture } = await body(answer);
        assert.deepEqual([code, note, has_picture], [1302, 'looked at it', true]);
      }
    });

    it('confirms, with the code that was predicted', async () => {
      const id = await predicted();
      const { confirmed } = await body(
        await correct(id, { designation: FIELDS.designation, code: PREDICTED }),
      );
      assert.equal(confirmed, true);
      const { confirmed: all, corrected } = await list();
      assert.deepEqual([all, corrected], [1, 0]);
    });

    it('is 200 and changes nothing when the same is said again', async () => {
      const id = await predicted();
      const said = { designation: FIELDS.designation, code: 1302 };
      const first = await body(await correct(id, said));
      const again = await correct(id, said);
      assert.equal(again.status, 200);
      assert.deepEqual(await body(again), first);
      assert.equal((await list()).corrections.length, 1);
    });

    it('lets the last one count, and shows the others with the prediction', async () => {
      const id = await predicted();
      await correct(id, { designation: FIELDS.designation, code: 1302 });
      await correct(id, { designation: FIELDS.designation, code: 60 });
      const { correction, earlier_corrections } = (await body(await ask(`/predictions/${id}`))) as {
        correction: { code: number };
        earlier_corrections: Array<Record<string, unknown>>;
      };
      assert.equal(correction.code, 60);
      assert.deepEqual(
        earlier_corrections.map(({ code, ended, ended_by }) => [code, ended, ended_by]),
        [[1302, 'replaced', USERNAME]],
      );
    });

    it('knows the same words in another Unicode form', async () => {
      const id = await predicted({ designation: 'Été' });
      assert.equal((await correct(id, { designation: 'Été'.normalize('NFD'), code: 60 })).status, 201);
    });

    for (const [what, product] of [
      ['text', { designation: 'Piscine carrée' }],
      ['place of the text', { description: FIELDS.designation }],
      ['picture', { designation: FIELDS.designation, image: '/9j/' }],
    ] as const) {
      it(`is 409 for another ${what}`, async () => {
        const answer = await correct(await predicted(), { ...product, code: 1302 });
        assert.equal(answer.status, 409);
        assert.equal((await body(answer)).code, 'CORRECTION_PRODUCT_DIFFERS');
        assert.equal((await list()).corrections.length, 0);
      });
    }

    it('is 409 for a prediction from before products were told apart', async () => {
      const id = await predicted();
      await database.updateTable('predictions').set({ inputs_hash: null }).execute();
      const answer = await correct(id, { designation: FIELDS.designation, code: 1302 });
      assert.equal(answer.status, 409);
      assert.match(String((await body(answer)).detail), /Predict the product again/);
    });

    it('is 404 for a prediction that is not on record', async () => {
      const answer = await correct('00000000-0000-4000-8000-000000000000', { designation: 'a', code: 1302 });
      assert.equal(answer.status, 404);
      assert.equal((await body(answer)).code, 'PREDICTION_UNKNOWN');
    });

    for (const code of [1303, '1302', null, 1302.5, undefined]) {
      it(`is 422 for the code ${JSON.stringify(code)} in JSON`, async () => {
        const answer = await correct(await predicted(), { designation: FIELDS.designation, code });
        assert.equal(answer.status, 422);
        assert.match(JSON.stringify((await body(answer)).detail), /"loc":\["body","code"\]/);
      });
    }

    for (const code of ['1303', '', '1302.0', '01302', 'Piscine']) {
      it(`is 422 for the code "${code}" in a form`, async () => {
        const path = `/predictions/${await predicted()}/correction`;
        const answer = await ask(path, { method: 'POST', body: await correctedForm({ code }) });
        assert.equal(answer.status, 422);
        assert.match(JSON.stringify((await body(answer)).detail), /"loc":\["body","code"\]/);
      });
    }

    it('names the 27 codes in the document, for a form and for JSON', async () => {
      const { components, paths } = (await body(await ask('/openapi.json'))) as {
        components: { schemas: { NewCorrection: { properties: { code: { enum: number[] } } } } };
        paths: Record<string, { post: { requestBody: { content: Record<string, { schema: unknown }> } } }>;
      };
      const { content } = paths['/predictions/{id}/correction']?.post.requestBody ?? assert.fail();
      const form = content['multipart/form-data']?.schema as { properties: { code: { enum: string[] } } };
      assert.deepEqual(components.schemas.NewCorrection.properties.code.enum, TYPE_CODES);
      assert.deepEqual(form.properties.code.enum, TYPE_CODES.map(String));
    });

    it('is 422 without a product, or with a member that nobody knows', async () => {
      const id = await predicted();
      assert.equal((await correct(id, { code: 1302 })).status, 422);
      assert.equal((await correct(id, { designation: 'a', code: 1302, label: '60' })).status, 422);
    });

    it('is 413 for more than a catalogue can hold, and for too large a picture', async () => {
      const id = await predicted();
      const long = await correct(id, { description: 'é'.repeat(450_001), code: 1302 });
      assert.deepEqual([long.status, (await body(long)).code], [413, 'FIELD_TOO_LARGE']);
      const image = Buffer.alloc(CONFIG.MAX_PICTURE_BYTES + 1).toString('base64');
      const large = await correct(id, { image, code: 1302 });
      assert.deepEqual([large.status, (await body(large)).code], [413, 'PICTURE_TOO_LARGE']);
      const note = await ask(`/predictions/${id}/correction`, {
        method: 'POST',
        body: await correctedForm({ note: 'n'.repeat(1001) }),
      });
      assert.deepEqual([note.status, (await body(note)).code], [413, 'FIELD_TOO_LARGE']);
    });

    it('is 415 for what is neither a form nor JSON', async () => {
      const path = `/predictions/${await predicted()}/correction`;
      assert.equal((await api.send(path, 'code=1302', 'application/x-www-form-urlencoded')).status, 415);
    });

    it('is 429 more often than PREDICT_PER_MINUTE', async () => {
      const hurried = await testApi({ config: { PREDICT_PER_MINUTE: 1 } });
      const answers = [];
      for (let n = 0; n < 2; n++) answers.push(await hurried.send('/predictions/x/correction', {}));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [422, 429],
      );
    });

    it('is logged with who and what, without product, note or token', async () => {
      const id = await predicted();
      await correct(id, { designation: FIELDS.designation, code: 1302, note: 'a secret thought' });
      await withdraw(id);
      const audits = api.logged.filter(({ audit }) => audit);
      assert.deepEqual(
        audits.map(({ audit, by, prediction, code }) => [audit, by, prediction, code]),
        [
          ['correction.put', USERNAME, id, 1302],
          ['correction.withdraw', USERNAME, id, 1302],
        ],
      );
      const text = JSON.stringify(api.logged);
      for (const secret of [FIELDS.designation, 'a secret thought', PASSWORD, 'earer']) {
        assert.equal(text.includes(secret), false, secret);
      }
    });

    it('is counted by code, once for each that is new', async () => {
      const id = await predicted();
      await correct(id, { designation: FIELDS.designation, code: 1302 });
      await correct(id, { designation: FIELDS.designation, code: 1302 });
      await correct(id, { designation: FIELDS.designation, code: PREDICTED });
      const lines = (await (await ask('/metrics')).text())
        .split('\n')
        .filter((line) => line.startsWith('etiquette_corrections_total{'));
      assert.equal(lines.length, 54);
      assert.deepEqual(lines.filter((line) => !line.endsWith(' 0')).sort(), [
        'etiquette_corrections_total{code="1302",result="corrected"} 1',
        'etiquette_corrections_total{code="2583",result="confirmed"} 1',
      ]);
    });
  });

  describe('DELETE /predictions/{id}/correction', () => {
    it('withdraws it, once', async () => {
      const id = await predicted();
      await correct(id, { designation: FIELDS.designation, code: 1302 });
      assert.equal((await withdraw(id)).status, 204);
      const again = await withdraw(id);
      assert.deepEqual([again.status, (await body(again)).code], [404, 'CORRECTION_UNKNOWN']);
      assert.deepEqual((await list()).corrections, []);
    });
  });

  describe('GET /predictions/{id}', () => {
    it('is what is on record', async () => {
      const id = await predicted();
      const { at, inputs_hash, codes, seconds, ...rest } = await body(await ask(`/predictions/${id}`));
      assert.match(String(at), /^\d{4}-.*Z$/);
      assert.match(String(inputs_hash), /^[0-9a-f]{64}$/);
      assert.ok(Number(seconds) >= 0);
      const [first, ...others] = codes as Array<{ code: number; confidence: number }>;
      assert.deepEqual([first, others.length], [{ code: PREDICTED, confidence: 0.75 }, 4]);
      assert.deepEqual(rest, {
        ...{ id, bundle_version: VERSION, code: PREDICTED, confidence: 0.75, features: null },
        ...{ correction: null, earlier_corrections: [] },
      });
    });

    it('is what is known of one from before more was kept', async () => {
      const predictions = standInPredictions();
      const id = '00000000-0000-4000-8000-000000000000';
      await predictions.record({
        ...{ id, at: '2026-01-02T03:04:05.678Z', bundle: VERSION, code: 60, confidence: 0.5 },
        ...{ inputs_hash: null, features: null, codes: null, seconds: null },
      });
      const old = await testApi({ predictions });
      const answer = await old.app.request(`/predictions/${id}`, {
        headers: { Authorization: `Bearer ${await old.token()}` },
      });
      const { codes, inputs_hash, seconds } = await body(answer);
      assert.deepEqual([answer.status, codes, inputs_hash, seconds], [200, null, null, null]);
    });

    it('is 404 for one that is not on record', async () => {
      const answer = await ask('/predictions/nothing');
      assert.deepEqual([answer.status, (await body(answer)).code], [404, 'PREDICTION_UNKNOWN']);
    });
  });

  describe('GET /corrections', () => {
    it('is those that count, the newest first, page by page', async () => {
      const ids: string[] = [];
      for (const code of [60, 1302, PREDICTED]) {
        const id = await predicted();
        await correct(id, { designation: FIELDS.designation, code });
        ids.unshift(id);
      }
      const first = await list('?limit=2');
      assert.deepEqual([first.confirmed, first.corrected], [1, 2]);
      const second = await list(`?limit=2&cursor=${first.next}`);
      assert.equal(second.next, null);
      const seen = [...first.corrections, ...second.corrections].map((one) => one.prediction_id);
      assert.deepEqual([first.corrections.length, seen.sort()], [2, ids.sort()]);
    });

    for (const [query, code] of [
      ['?cursor=nothing', 'CURSOR_INVALID'],
      ['?cursor=', 'CURSOR_INVALID'],
      ['?limit=0', 'FIELDS_INVALID'],
      ['?limit=101', 'FIELDS_INVALID'],
    ] as const) {
      it(`is 422 for ${query}`, async () => {
        const answer = await ask(`/corrections${query}`);
        assert.deepEqual([answer.status, (await body(answer)).code], [422, code]);
      });
    }
  });
});
