import type { ClientInterceptors } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';

export type TracingSettings = Pick<
  Config,
  | 'OTEL_EXPORTER_OTLP_ENDPOINT'
  | 'OTEL_SERVICE_NAME'
  | 'OTEL_TRACES_SAMPLER'
  | 'OTEL_TRACES_SAMPLER_ARG'
  | 'RELEASE'
>;

/** What a worker gets so that its workflows and activities are traced. */
export type TracedWorker = Pick<WorkerOptions, 'interceptors' | 'sinks'>;

/** The tracing of one process, from its start to its end. */
export interface Tracing {
  /** For its Temporal client. */
  readonly client: ClientInterceptors;
  /** For its Temporal worker. */
  worker(): Promise<TracedWorker>;
  /** Sends what has not been sent; gives up after seconds. It never rejects. */
  close(): Promise<void>;
}

const OFF: Tracing = { client: {}, worker: async () => ({}), close: async () => {} };

/**
 * Traces this process and sends the spans to OTEL_EXPORTER_OTLP_ENDPOINT, from before its first request to after its
 * last. Off without an address: then nothing of OpenTelemetry's SDK is loaded, and spans cost a call that does nothing.
 * @param part names the process where OTEL_SERVICE_NAME does not: `etiquette-api`
 */
export async function startTracing(settings: TracingSettings, part: string, log: Logger): Promise<Tracing> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER: sampler } = settings;
  if (endpoint === undefined || sampler === 'always_off') return OFF;
  const { startSdk } = await import('./sdk.ts');
  return startSdk({ ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, part, log);
}
