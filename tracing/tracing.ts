import type { ClientInterceptors } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
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
