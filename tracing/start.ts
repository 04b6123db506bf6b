import type { Logger } from 'pino';
import type { Tracing, TracingSettings } from './tracing.ts';

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
