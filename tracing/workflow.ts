// First: it lets OpenTelemetry find the clock that it looks for when it is loaded.
import '@temporalio/interceptors-opentelemetry/lib/workflow/runtime.js';
import { context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  extractContextFromHeaders,
  headersWithContext,
} from '@temporalio/interceptors-opentelemetry/lib/instrumentation.js';
import { ContextManager } from '@temporalio/interceptors-opentelemetry/lib/workflow/context-manager.js';
import { SpanExporter } from '@temporalio/interceptors-opentelemetry/lib/workflow/span-exporter.js';
import {
  ContinueAsNew,
  getRandomStream,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
  workflowInfo,
} from '@temporalio/workflow';

/**
 * Runs inside the workflows' sandbox, and changes nothing there: a run may begin with tracing and go on without, or the
 * other way round. So every promise of the workflow is passed on as it is, and spans only look on (one that was wrapped,
 * as Temporal's own interceptors do it, settles some steps later, and what a run does next could change its order); and
 * spans draw their ids from random numbers of their own. Signals, queries and timers are no spans: a run has hundreds.
 */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [inbound],
  outbound: [outbound],
  internals: [
    {
      dispose(input, next) {
        contextManager.disable();
        next(input);
      },
    },
  ],
});

const contextManager = new ContextManager();
context.setGlobalContextManager(contextManager);
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const tracer = new BasicTracerProvider({
  idGenerator: { generateTraceId: () => hexadecimal(16), generateSpanId: () => hexadecimal(8) },
  spanProcessors: [new SimpleSpanProcessor(new SpanExporter())],
}).getTracer('etiquette-workflow');

/** The same again when a run is replayed: what it started before names these as its parents. */
function hexadecimal(bytes: number): string {
  const drawn = getRandomStream('etiquette.tracing').fill(new Uint8Array(bytes));
  return Array.from(drawn, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const inbound: WorkflowInboundCallsInterceptor = {
  execute: (input, next) =>
    within(`RunWorkflow:${workflowInfo().workflowType}`, input.headers, () => next(input)),
  handleUpdate: (input, next) => within(`HandleUpdate:${input.name}`, input.headers, () => next(input)),
};

const outbound: WorkflowOutboundCallsInterceptor = {
  scheduleActivity: (input, next) =>
    within(`StartActivity:${input.activityType}`, null, () =>
      next({ ...input, headers: headersWithContext(input.headers) }),
    ),
  scheduleLocalActivity: (input, next) =>
    within(`StartActivity:${input.activityType}`, null, () =>
      next({ ...input, headers: headersWithContext(input.headers) }),
    ),
  startChildWorkflowExecution: (input, next) =>
    within(
      `StartChildWorkflow:${input.workflowType}`,
      null,
      () => next({ ...input, headers: headersWithContext(input.headers) }),
      ([, completed]) => completed,
    ),
  continueAsNew: (input, next) => next({ ...input, headers: headersWithContext(input.headers) }),
};

/**
 * Calls `work` inside a span, below that of `headers` or the one that is going on. The span ends with the promise, or
 * with the one that `last` finds in its result.
 */
function within<T>(
  name: string,
  headers: Parameters<typeof extractContextFromHeaders>[0] | null,
  work: () => Promise<T>,
  last?: (result: T) => Promise<unknown>,
): Promise<T> {
  const parent = (headers && extractContextFromHeaders(headers)) ?? context.active();
  const span = tracer.startSpan(name, {}, parent);
  const result = context.with(trace.setSpan(parent, span), work);
  result.then(
    (value) =>
      last
        ? last(value).then(
            () => ended(span),
            (error: unknown) => ended(span, error),
          )
        : ended(span),
    (error: unknown) => ended(span, error),
  );
  return result;
}

function ended(span: Span, error?: unknown): void {
  if (error !== undefined && !(error instanceof ContinueAsNew)) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
  }
  span.end();
}
