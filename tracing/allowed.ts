import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter, TimedEvent } from '@opentelemetry/sdk-trace-base';

/**
 * What may leave with a span. Everything else is dropped just before it is sent, whoever put it there: Temporal's SDK adds
 * memos and search attributes of runs, and the messages of errors may quote a product's text.
 */
const ALLOWED = new Set([
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'error.type',
  'etiquette.request.id',
  'etiquette.prediction.id',
  'etiquette.bundle',
  'etiquette.family',
  'etiquette.dataset_version',
  'etiquette.stage.reused',
  'etiquette.shard',
  'etiquette.cached',
  'etiquette.batch.size',
  'etiquette.job',
  'etiquette.process',
  'temporalWorkflowId',
  'temporalActivityId',
  'temporalUpdateId',
  'run_id',
  'workflowType',
  'taskQueue',
  'attempt',
]);

/** Temporal's SDK gives the same thing two names. */
const ALIASES = new Map([
  ['workflowId', 'temporalWorkflowId'],
  ['runId', 'run_id'],
]);
const LONGEST = 256;

/** Passes on spans with nothing in them but what is allowed. */
export function onlyAllowed(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(cleaned), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** The span itself, but for what is laid over it: its methods need what they find inside. */
function cleaned(span: ReadableSpan): ReadableSpan {
  const over: Partial<ReadableSpan> = {
    attributes: allowed(span.attributes),
    events: span.events.map(onlyKind),
    links: span.links.map(({ context }) => ({ context })),
    status: { code: span.status.code },
  };
  return Object.create(span, Object.getOwnPropertyDescriptors(over)) as ReadableSpan;
}

function allowed(attributes: Attributes): Attributes {
  const kept: Attributes = {};
  for (const [given, value] of Object.entries(attributes)) {
    const name = ALIASES.get(given) ?? given;
    if (!ALLOWED.has(name)) continue;
    if (typeof value === 'string') kept[name] = value.slice(0, LONGEST);
    else if (typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
  }
  return kept;
}

/** Of an exception the kind; its message and stack are in the log, where they may quote what they like. */
function onlyKind({ name, time, attributes }: TimedEvent): TimedEvent {
  const kind = attributes?.['exception.type'];
  return { name, time, attributes: typeof kind === 'string' ? { 'exception.type': kind } : {} };
}
