import {
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Context as Trace,
  trace,
} from '@opentelemetry/api';
import type { Context, MiddlewareHandler } from 'hono';
import { kindOf, tracer, withRoomFor } from '../tracing/spans.ts';
import { CountedResponse } from './counted-response.ts';
import type { ApiEnvironment } from './environment.ts';
import { template } from './observe.ts';

/** Version, trace, span and flags, as W3C Trace Context writes them: 55 characters. */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Predictions of one request that have spans of their own: a stream has thousands. */
const DETAILED = 32;

/**
 * A span for every request, named by the route's template. What clients write is not told: no URL, no query string,
 * no header but the request's id.
 */
export function traceRequests(): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const { parent, links } = originOf(c);
    const { method } = c.req;
    const span = tracer().startSpan(
      method,
      { kind: SpanKind.SERVER, links, attributes: { 'http.request.method': method } },
      parent,
    );
    if (!span.isRecording()) return context.with(trace.setSpan(parent, span), next);
    span.setAttribute('etiquette.request.id', c.get('requestId'));
    await context.with(withRoomFor(DETAILED, trace.setSpan(parent, span)), next);
    const route = template(c);
    const { status } = c.res;
    span.updateName(`${method} ${route}`);
    span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
    if (c.error) span.setAttribute('error.type', kindOf(c.error));
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    endWithAnswer(c, () => span.end());
  };
}

/**
 * Where a request comes from. A proxy of ours (TRUSTED_PROXIES) may go on with its own trace. Anybody else could write
 * into traces that are not his, or have everything kept: he gets a new one, with a link to what he named.
 */
function originOf(c: Context<ApiEnvironment>): { parent: Trace; links: Link[] } {
  const given = c.req.header('traceparent');
  if (given === undefined || !TRACEPARENT.test(given)) return { parent: ROOT_CONTEXT, links: [] };
  // Not the vendors' own part: it is of any length and content, and would go on to Temporal.
  const named = propagation.extract(ROOT_CONTEXT, { traceparent: given });
  if (c.get('proxied')) return { parent: named, links: [] };
  const context = trace.getSpanContext(named);
  return { parent: ROOT_CONTEXT, links: context ? [{ context }] : [] };
}

/** What is streamed has only begun when the handler is done. */
function endWithAnswer(c: Context<ApiEnvironment>, end: () => void): void {
  const outgoing = c.env?.outgoing;
  if (outgoing instanceof CountedResponse && !outgoing.closed) outgoing.once('close', end);
  else end();
}
