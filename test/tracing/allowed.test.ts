import { strict as assert } from 'node:assert';
import { ROOT_CONTEXT, SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { onlyAllowed } from '../../tracing/allowed.ts';

describe('what leaves with a span', () => {
  const kept = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(onlyAllowed(kept))] });

  function sent(attributes: Record<string, unknown>, error?: Error) {
    kept.reset();
    const span = provider.getTracer('test').startSpan('work', {}, ROOT_CONTEXT);
    // As Temporal's SDK does it, past the types.
    Object.assign((span as unknown as { attributes: object }).attributes, attributes);
    if (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    }
    span.end();
    const [found] = kept.getFinishedSpans();
    return found ?? assert.fail('nothing was sent');
  }

  it('are the attributes that are known, no others and no objects', () => {
    const { attributes } = sent({
      'etiquette.family': 'lstm-vgg16',
      attempt: 2,
      'etiquette.stage.reused': false,
      memo: { by: 'somebody' },
      searchAttributes: { EtiquetteRequest: ['a hash'] },
      'etiquette.bundle': { secret: 'in disguise' },
      'url.full': 'https://shop.example/?token=secret',
    });
    assert.deepEqual(attributes, {
      'etiquette.family': 'lstm-vgg16',
      attempt: 2,
      'etiquette.stage.reused': false,
    });
  });

  it('has a workflow’s and a run’s id under one name each, and no value without an end', () => {
    const { attributes } = sent({ workflowId: 'track', runId: 'r'.repeat(5000) });
    assert.deepEqual(attributes, { temporalWorkflowId: 'track', run_id: 'r'.repeat(256) });
  });

  it('is the kind of an error, never its message or stack', () => {
    const { status, events } = sent({}, new TypeError('the product "Zorbglub" has no price'));
    assert.deepEqual(status, { code: SpanStatusCode.ERROR });
    assert.deepEqual(
      events.map(({ name, attributes }) => [name, attributes]),
      [['exception', { 'exception.type': 'TypeError' }]],
    );
  });

  it('is still a span: its ids, times, name and resource', () => {
    const span = sent({});
    assert.match(span.spanContext().traceId, /^[0-9a-f]{32}$/);
    assert.ok(span.ended && span.duration && span.resource && span.name === 'work');
  });
});
