import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { body, PASSWORD, USERNAME } from '../api/support.ts';
import { freePort } from '../support/servers.ts';
import { type ReceivedSpan, type Receiver, startReceiver } from './receiver.ts';
import { SECRET, startTracedApi, type TracedApi } from './traced-api.ts';

const TEXT = 'Zorbglub phosphorescent';
const QUERY = 'a-query-string-of-a-client';
const STRANGER = '0af7651916cd43dd8448eb211c80319c';

describe('a traced API', function () {
  this.timeout(60_000);
  let directory: string;
  let receiver: Receiver;
  let api: TracedApi;
  let predictionId: string;
  let sdk: string[];

  /** Asks first and looks at what was sent when the process is gone: that is when all of it was. */
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-tracing-'));
    receiver = await startReceiver();
    api = await startTracedApi(directory, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
    const answer = await api.predict(TEXT, { 'X-Request-ID': 'the-first' });
    predictionId = String((await body(answer)).prediction_id);
    assert.equal(answer.headers.get('traceresponse'), null);
    await api.predict(TEXT, {
      'X-Request-ID': 'asked-again',
      traceparent: `00-${STRANGER}-b7ad6b7169203331-01`,
      tracestate: `vendor=${QUERY}`,
      baggage: `who=${QUERY}`,
    });
    await api.predict('fail', { 'X-Request-ID': 'fails', traceparent: `00-${STRANGER}-x-01${QUERY}` });
    await fetch(`${api.url}/nowhere/${QUERY}?token=${QUERY}`, { headers: { 'X-Request-ID': 'lost' } });
    sdk = await api.stop();
  });
  after(async () => {
    api.kill();
    await receiver.close();
    await rm(directory, { recursive: true });
  });

  const request = (id: string): ReceivedSpan =>
    receiver.spans.find(({ attributes }) => attributes['etiquette.request.id'] === id) ??
    assert.fail(`no span of request ${id}`);
  const below = ({ spanId }: ReceivedSpan) =>
    receiver.spans
      .filter(({ parentSpanId }) => parentSpanId === spanId)
      .toSorted((one, other) => Number(one.start - other.start));
  const only = (parent: ReceivedSpan, name: string): ReceivedSpan => {
    const [found, ...more] = below(parent).filter((span) => span.name === name);
    assert.ok(found && more.length === 0, `${name} below ${parent.name}`);
    return found;
  };

  it('makes one trace of a prediction: request, queue, batch, inference, database', () => {
    const http = request('the-first');
    assert.equal(http.parentSpanId, undefined);
    const predict = only(http, 'predict');
    assert.deepEqual(
      below(predict)
        .map(({ name }) => name)
        .toSorted(),
      ['batch', 'database write', 'queue'],
    );
    const batch = only(predict, 'batch');
    const inference = only(batch, 'inference');
    const queue = only(predict, 'queue');
    const trace = receiver.spans.filter(({ traceId }) => traceId === http.traceId);
    assert.equal(trace.length, 6);
    assert.ok(queue.start <= queue.end && queue.end <= batch.start + 1_000n);
    assert.ok(
      batch.start <= inference.start && inference.start <= inference.end && inference.end <= batch.end,
    );
  });

  it('says of it what helps to find it again', () => {
    const http = request('the-first');
    const predict = only(http, 'predict');
    assert.equal(http.name, 'POST /predict');
    assert.equal(http.service, 'etiquette-api');
    assert.deepEqual(http.attributes, {
      'http.request.method': 'POST',
      'http.route': '/predict',
      'http.response.status_code': 200,
      'etiquette.request.id': 'the-first',
    });
    assert.deepEqual(predict.attributes, { 'etiquette.bundle': api.bundle, 'etiquette.cached': false });
    assert.deepEqual(only(predict, 'batch').attributes, { 'etiquette.batch.size': 1 });
    assert.deepEqual(only(predict, 'database write').attributes, {
      'etiquette.prediction.id': predictionId,
    });
  });

  it('of an answer that was kept: no queue, no inference', () => {
    const predict = only(request('asked-again'), 'predict');
    assert.equal(predict.attributes['etiquette.cached'], true);
    assert.deepEqual(
      below(predict).map(({ name }) => name),
      ['database write'],
    );
  });

  it('begins a trace of its own for a stranger who names one, with a link to that', () => {
    const { traceId, links, parentSpanId } = request('asked-again');
    assert.notEqual(traceId, STRANGER);
    assert.equal(parentSpanId, undefined);
    assert.deepEqual(
      links.map((link) => [link.traceId, link.spanId]),
      [[STRANGER, 'b7ad6b7169203331']],
    );
  });

  it('tells failures by their code, and by the template that nothing answered to', () => {
    const failed = request('fails');
    assert.equal(failed.attributes['error.type'], 'ML_JOB_FAILED');
    assert.equal(failed.attributes['http.response.status_code'], 500);
    assert.ok(failed.failed && only(failed, 'predict').failed);
    assert.deepEqual(failed.links, []);
    const lost = request('lost');
    assert.deepEqual([lost.name, lost.failed], ['GET none', false]);
  });

  it('sends nothing of texts, tokens, passwords, queries, or what others hang on a trace', () => {
    for (const secret of [TEXT, 'Zorbglub', api.token, PASSWORD, SECRET, QUERY, USERNAME, '127.0.0.1']) {
      assert.ok(!receiver.raw.replaceAll(receiver.endpoint.slice(7), '').includes(secret), secret);
    }
  });

  it('writes the trace’s id into its log', () => {
    const { traceId } = request('the-first');
    const line = api.log.find(({ msg, requestId }) => msg === 'request' && requestId === 'the-first');
    assert.equal(line?.trace_id, traceId);
  });

  it('has loaded the SDK', () => assert.ok(sdk.length > 0));
});

describe('an API behind a proxy of ours', function () {
  this.timeout(60_000);

  it('goes on with the proxy’s trace, and leaves out what that leaves out', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'etiquette-tracing-'));
    const receiver = await startReceiver();
    const api = await startTracedApi(directory, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/`,
      OTEL_SERVICE_NAME: 'shop',
      TRUSTED_PROXIES: '127.0.0.1',
    });
    try {
      await api.predict(TEXT, { traceparent: `00-${STRANGER}-b7ad6b7169203331-01` });
      await api.predict(TEXT, { traceparent: `00-${'1'.repeat(32)}-b7ad6b7169203331-00` });
      await api.stop();
      const http = receiver.spans.filter(({ name }) => name === 'POST /predict');
      assert.deepEqual(
        http.map(({ service, traceId, parentSpanId }) => [service, traceId, parentSpanId]),
        [['shop', STRANGER, 'b7ad6b7169203331']],
      );
      assert.ok(!receiver.spans.some(({ traceId }) => traceId === '1'.repeat(32)));
    } finally {
      api.kill();
      await receiver.close();
      await rm(directory, { recursive: true });
    }
  });
});

describe('an API whose receiver', function () {
  this.timeout(60_000);

  async function serves(endpoint: string): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'etiquette-tracing-'));
    const api = await startTracedApi(directory, {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    try {
      for (const text of ['one', 'two', 'three']) assert.equal((await api.predict(text)).status, 200);
      await api.stop();
      assert.ok(api.log.filter(({ msg }) => msg === 'traces could not be sent').length <= 1);
    } finally {
      api.kill();
      await rm(directory, { recursive: true });
    }
  }

  it('is dead answers all the same, and stops', async () => {
    await serves(`http://127.0.0.1:${await freePort()}`);
  });

  it('takes all and says nothing answers all the same, and stops', async () => {
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      await serves(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    } finally {
      silent.close();
      silent.closeAllConnections();
    }
  });
});

describe('an API without a receiver', function () {
  this.timeout(60_000);

  for (const [what, env] of [
    ['none is named', {}],
    [
      'the sampler is always_off',
      { OTEL_TRACES_SAMPLER: 'always_off', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    ],
  ] as const) {
    it(`loads nothing of the SDK when ${what}, and writes no trace into its log`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'etiquette-tracing-'));
      const api = await startTracedApi(directory, env);
      try {
        assert.equal((await api.predict(TEXT)).status, 200);
        assert.deepEqual(await api.stop(), []);
        assert.ok(api.log.length > 0);
        assert.ok(!api.log.some((line) => 'trace_id' in line));
      } finally {
        api.kill();
        await rm(directory, { recursive: true });
      }
    });
  }
});
