import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { isEtiquetteError } from '../errors.ts';

/** Asked each time: the SDK may be started after this module is loaded. */
export const tracer = () => trace.getTracer('etiquette');

/** Whether the request or activity that this is called in is traced: what a span is made of may cost something. */
export const isTraced = (): boolean => trace.getActiveSpan()?.isRecording() ?? false;

const ROOM = createContextKey('room for details');

/** Below it, only so many pieces of work get spans of their own by `detailed`. */
export const withRoomFor = (pieces: number, parent: Context): Context =>
  parent.setValue(ROOM, { left: pieces });

/** Does one piece of work of many: inside a span while there is room for it, else untraced. */
export function detailed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const room = context.active().getValue(ROOM) as { left: number } | undefined;
  if (!room) return work();
  if (room.left === 0) return context.with(ROOT_CONTEXT, work);
  room.left -= 1;
  return traced(name, {}, work);
}

/** Does the work inside a span, below the one that is going on. Where nothing is traced, it is just done. */
export async function traced<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  if (!isTraced()) return work();
  const span = tracer().startSpan(name, { attributes });
  try {
    return await context.with(trace.setSpan(context.active(), span), work);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttribute('error.type', kindOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/**
 * A span of something that is over.
 * @param times milliseconds since 1970
 * @returns the context with it, for what was inside of it
 */
export function recorded(
  name: string,
  { from, to }: { readonly from: number; readonly to: number },
  attributes: Attributes = {},
  parent: Context = context.active(),
): Context {
  const span = tracer().startSpan(name, { startTime: from, attributes }, parent);
  span.end(to);
  return trace.setSpan(parent, span);
}

/** The code of ours, or the class: never a message, which may quote what somebody sent. */
export function kindOf(error: unknown): string {
  if (isEtiquetteError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
