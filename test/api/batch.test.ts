import { strict as assert } from 'node:assert';
import type { PredictOptions } from '../../models/serving/inference.ts';
import { body, jpeg, standInInference, standInPredictions, type TestApi, testApi } from './support.ts';

const NDJSON = 'application/x-ndjson';

type AnswerLine = {
  id?: string | number;
  predictions?: Array<{ label: string }>;
  prediction_id?: string;
  error?: { code: string };
  summary?: { products: number; failed: number; complete: boolean };
};

const ndjson = (...products: unknown[]) => products.map((product) => `${JSON.stringify(product)}\n`).join('');
const linesOf = async (answer: Response): Promise<AnswerLine[]> =>
  (await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const send = (api: TestApi, text: string) => api.send('/predict/batch', text, NDJSON);

/** Predictions that wait until they are let go, and are told when they are cancelled. */
function held() {
  const { predict } = standInInference();
  const waiting: Array<() => void> = [];
  const cancelled: string[] = [];
  const inference = standInInference({
    predict: (product, { signal }: PredictOptions = {}) =>
      new Promise((resolve, reject) => {
        waiting.push(() => resolve(predict(product)));
        signal?.addEventListener('abort', () => {
          cancelled.push(product.designation);
          reject(signal.reason);
        });
      }),
  });
  return { inference, waiting, cancelled };
}

/** A request whose lines are sent one by one, and whose answers are read one by one. */
async function conversation(api: TestApi) {
  const encoder = new TextEncoder();
  let input!: ReadableStreamDefaultController<Uint8Array>;
  const gone = new AbortController();
  const answer = await api.app.request('/predict/batch', {
    method: 'POST',
    headers: { Authorization: `Bearer ${await api.token()}`, 'Content-Type': NDJSON },
    body: new ReadableStream<Uint8Array>({
      start(controller) {
        input = controller;
      },
    }),
    duplex: 'half',
    signal: gone.signal,
  } as RequestInit);
  assert.equal(answer.status, 200);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  return {
    say: (text: string) => input.enqueue(encoder.encode(text)),
    end: () => input.close(),
    read: async (): Promise<AnswerLine> => JSON.parse((await reader.read()).value ?? 'null'),
    leave: () => gone.abort(),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const until = async (happened: () => boolean) => {
  for (let turns = 0; !happened(); turns++) {
    assert.ok(turns < 10_000, 'it does not happen');
    await turn();
  }
};

describe('POST /predict/batch', () => {
  it('answers a line with a line, in their order and with their ids, and says how many', async () => {
    const predictions = standInPredictions();
    const api = await testApi({ predictions });
    const answer = await send(
      api,
      ndjson(
        { id: 'a', designation: 'Piscine' },
        { id: 17, image: (await jpeg()).toString('base64'), top_k: 2 },
        { description: 'Livre' },
      ),
    );
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), NDJSON);
    const [a, b, c, last, ...rest] = await linesOf(answer);
    assert.deepEqual(rest, []);
    assert.deepEqual([a?.id, b?.id, c?.id], ['a', 17, undefined]);
    assert.deepEqual(
      [a, b, c].map((line) => line?.predictions?.length),
      [1, 2, 1],
    );
    assert.deepEqual(last, { summary: { products: 3, failed: 0, complete: true } });
    assert.deepEqual(
      predictions.recorded.map(({ id }) => id),
      [a, b, c].map((line) => line?.prediction_id),
    );
  });

  it('tells what is wrong with a line in its place, and goes on', async () => {
    const api = await testApi({ config: { MAX_PICTURE_BYTES: 1024 } });
    const lines = await linesOf(
      await send(
        api,
        [
          '{"id": "a", "designation": "Piscine"}',
          '{"id": "b"}',
          '{"id": "c", "designation": "Pisc',
          '',
          'Piscine',
          `{"id": "e", "image": "${'A'.repeat(2_000)}"}`,
          `{"id": "f", "description": "${'x'.repeat(2.1 * 1024 * 1024)}"}`,
          '{"id": {"g": 1}, "designation": "Piscine"}',
          '{"id": "h", "designation": "Piscine"}',
        ].join('\n'),
      ),
    );
    assert.deepEqual(
      lines.map(({ id, error, summary }) => [id, error?.code ?? summary ?? 'ok']),
      [
        ['a', 'ok'],
        ['b', 'FIELDS_INVALID'],
        [undefined, 'JSON_INVALID'],
        [undefined, 'JSON_INVALID'],
        ['e', 'PICTURE_TOO_LARGE'],
        [undefined, 'LINE_TOO_LARGE'],
        [undefined, 'FIELDS_INVALID'],
        ['h', 'ok'],
        [undefined, { products: 8, failed: 6, complete: true }],
      ],
    );
  });

  it('answers a line before the next one is sent', async () => {
    const talk = await conversation(await testApi());
    for (const id of ['a', 'b']) {
      talk.say(ndjson({ id, designation: 'Piscine' }));
      assert.equal((await talk.read()).id, id);
    }
    talk.end();
    assert.deepEqual((await talk.read()).summary, { products: 2, failed: 0, complete: true });
  });

  it('has no more with the model than an eighth of the queue', async () => {
    const { inference, waiting } = held();
    const api = await testApi({ inference, config: { MAX_QUEUE: 16 } });
    const talk = await conversation(api);
    for (let id = 0; id < 5; id++) talk.say(ndjson({ id, designation: 'Piscine' }));
    talk.end();
    for (let id = 0; id < 5; id++) {
      const answered = talk.read();
      await until(() => waiting.length > id);
      // Whatever could still be asked for has been asked for by then.
      for (let turns = 0; turns < 20; turns++) await turn();
      assert.ok(waiting.length <= id + 2, `${waiting.length} after ${id} answers`);
      waiting[id]?.();
      assert.equal((await answered).id, id);
    }
    assert.deepEqual((await talk.read()).summary, { products: 5, failed: 0, complete: true });
  });

  it('reads no more lines while nobody reads the answers', async () => {
    const inference = standInInference();
    const talk = await conversation(await testApi({ inference, config: { MAX_QUEUE: 16 } }));
    for (let id = 0; id < 50; id++) talk.say(ndjson({ id, designation: 'Piscine' }));
    for (let turns = 0; turns < 200; turns++) await turn();
    assert.ok(inference.asked.length < 10, `${inference.asked.length}`);
    for (let id = 0; id < 50; id++) assert.equal((await talk.read()).id, id);
    talk.leave();
  });

  it('cancels what the model has when the client goes', async () => {
    const { inference, waiting, cancelled } = held();
    const api = await testApi({ inference });
    const talk = await conversation(api);
    talk.say(ndjson({ designation: 'Piscine' }));
    await until(() => waiting.length === 1);
    talk.leave();
    await until(() => cancelled.length === 1);
    await until(() => api.logged.some(({ msg }) => msg === 'batch'));
    const line = api.logged.find(({ msg }) => msg === 'batch');
    assert.deepEqual([line?.products, line?.gone], [0, true]);
  });

  it('takes two streams of a user at a time, and another when one has ended', async () => {
    const api = await testApi();
    const [one, other] = [await conversation(api), await conversation(api)];
    const third = await send(api, ndjson({ designation: 'Piscine' }));
    assert.deepEqual([third.status, (await body(third)).code], [503, 'SERVING_BUSY']);
    one.end();
    assert.equal((await one.read()).summary?.complete, true);
    other.leave();
    await until(() => api.logged.filter(({ msg }) => msg === 'batch').length === 2);
    const ids = ['a', 'b'].map((id) => send(api, ndjson({ id, designation: 'Piscine' })));
    for (const answer of await Promise.all(ids)) assert.equal((await linesOf(answer)).length, 2);
  });

  it('reads 10,000 lines and says that there are more', async () => {
    const api = await testApi();
    const lines = await linesOf(await send(api, '?\n'.repeat(10_001)));
    assert.deepEqual(lines.at(-1), { summary: { products: 10_000, failed: 10_000, complete: false } });
    assert.equal(lines.length, 10_001);
  });

  it('answers what it has when the service stops, and says that it read no more', async () => {
    const stopping = new AbortController();
    const { inference, waiting } = held();
    const api = await testApi({ inference, stopping: stopping.signal });
    const talk = await conversation(api);
    talk.say(ndjson({ id: 'a', designation: 'Piscine' }));
    await until(() => waiting.length === 1);
    stopping.abort();
    waiting[0]?.();
    assert.equal((await talk.read()).id, 'a');
    assert.deepEqual((await talk.read()).summary, { products: 1, failed: 0, complete: false });
  });

  it('answers an empty stream with its summary', async () => {
    assert.deepEqual(await linesOf(await send(await testApi(), '')), [
      { summary: { products: 0, failed: 0, complete: true } },
    ]);
  });

  it('refuses another content type, a client without a token, and everybody while nothing serves', async () => {
    const api = await testApi();
    assert.equal((await api.send('/predict/batch', '{}')).status, 415);
    assert.equal(
      (
        await api.app.request('/predict/batch', {
          method: 'POST',
          headers: { 'Content-Type': NDJSON },
          body: '{}',
        })
      ).status,
      401,
    );
    const early = await send(await testApi({ inference: standInInference({ current: () => null }) }), '{}');
    assert.deepEqual([early.status, (await body(early)).code], [503, 'NO_MODEL']);
  });

  it('counts as one request for the limit', async () => {
    const api = await testApi({ config: { PREDICT_PER_MINUTE: 1 } });
    assert.equal((await send(api, ndjson({ designation: 'a' }, { designation: 'b' }))).status, 200);
    assert.equal((await send(api, '')).status, 429);
  });
});
