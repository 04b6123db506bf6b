import { trace } from '@opentelemetry/api';
import type { Prediction, Served } from '../models/serving/lane.ts';
import { isTraced, recorded } from '../tracing/spans.ts';

/** Makes spans of what a prediction tells of itself, below the one that is going on: queue, batch, and in it inference. */
export function tellServed({ version, served }: Prediction): void {
  if (!isTraced()) return;
  trace.getActiveSpan()?.setAttributes({ 'etiquette.bundle': version, 'etiquette.cached': !served });
  if (served) tellTimes(served);
}

function tellTimes({ asked, begun, done, batch: size, worked }: Served): void {
  const origin = Date.now() - performance.now();
  const batch = { from: origin + begun, to: origin + done };
  recorded('queue', { from: origin + asked, to: batch.from });
  const inBatch = recorded('batch', batch, { 'etiquette.batch.size': size });
  // By the clock of another process, which may be a little off.
  const within = (time: number) => Math.min(Math.max(time, batch.from), batch.to);
  if (worked) recorded('inference', { from: within(worked.from), to: within(worked.to) }, {}, inBatch);
}
