import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import { onlyAllowed } from './allowed.ts';
import { samplerOf } from './sampler.ts';
import { TracedClient } from './temporal-client.ts';
import type { Tracing, TracingSettings } from './tracing.ts';

/** Spans that wait to be sent; one more is dropped. */
const QUEUE = 2048;
const BATCH = 512;
/** For sending one batch, tries after a failure included; and for what is left when the process ends. */
const SEND_MS = 3_000;
/** Whoever watches the log hears of a receiver that is away, but not with every batch. */
const SAID_AGAIN_MS = 60_000;

/** The names and texts of one span are ours: longer or more of them would be a mistake. */
const LIMITS = {
  attributeCountLimit: 32,
  attributeValueLengthLimit: 256,
  eventCountLimit: 8,
  linkCountLimit: 4,
  attributePerEventCountLimit: 8,
  attributePerLinkCountLimit: 4,
};

/** OpenTelemetry's SDK, set up for the whole process: it keeps the span that is going on for whoever asks its API. */
export function startSdk(
  settings: TracingSettings & { readonly OTEL_EXPORTER_OTLP_ENDPOINT: string },
  part: string,
  log: Logger,
): Tracing {
  const resource = new Resource({
    'service.name': settings.OTEL_SERVICE_NAME ?? `etiquette-${part}`,
    'service.version': settings.RELEASE,
    'service.instance.id': randomUUID(),
  });
  const url = `${settings.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, '')}/v1/traces`;
  const exporter = onlyAllowed(new OTLPTraceExporter({ url, timeoutMillis: SEND_MS }));
  const spans = new BatchSpanProcessor(exporter, {
    maxQueueSize: QUEUE,
    maxExportBatchSize: BATCH,
    exportTimeoutMillis: SEND_MS,
  });
  setGlobalErrorHandler(saidNowAndThen(log));
  const provider = new BasicTracerProvider({
    resource,
    sampler: samplerOf(settings),
    spanLimits: LIMITS,
    spanProcessors: [spans],
  });
  // No baggage: what others hang on a trace is not passed on.
  provider.register({
    contextManager: new AsyncLocalStorageContextManager().enable(),
    propagator: new W3CTraceContextPropagator(),
  });
  log.info({ service: resource.attributes['service.name'] }, 'traces are sent');

  return {
    client: { workflow: [new TracedClient()] },
    async worker() {
      const { tracedWorker } = await import('./temporal-worker.ts');
      return tracedWorker(spans, resource);
    },
    async close() {
      const sent = provider.shutdown().catch((error: unknown) => log.warn({ err: error }, 'traces are lost'));
      await Promise.race([sent, setTimeout(SEND_MS, undefined, { ref: false })]);
    },
  };
}

function saidNowAndThen(log: Logger): (error: unknown) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = performance.now();
    if (now - last < SAID_AGAIN_MS) return;
    last = now;
    const why = error instanceof Error ? error.message : String(error);
    log.warn({ why: why.slice(0, 200) }, 'traces could not be sent');
  };
}
