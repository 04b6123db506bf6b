import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry, Summary } from 'prom-client';
import { TYPE_CODES } from '../data/type-codes.ts';
import type { InferenceOptions, InferenceService } from '../models/serving/inference.ts';

/** A finished request, by its route's template: raw paths would make a series of every typing mistake. */
export interface ObservedRequest {
  readonly handler: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  readonly requestBytes: number;
}

export interface Metrics {
  readonly registry: Registry;
  request(observed: ObservedRequest): void;
  /** An answer is over, of whose body so many bytes were sent. */
  response(handler: string, bytes: number): void;
  /** `confidence`: of the most probable code, 0 to 1. */
  prediction(code: string, bundle: string, confidence: number): void;
  /** A person's answer to a prediction. */
  correction(code: number, confirmed: boolean): void;
  /** What the inference service tells of itself. */
  readonly inference: Pick<InferenceOptions, 'onBatch' | 'onWait' | 'onRestart' | 'onRecycle' | 'onCache'>;
  /** Reads queue depth, processes and bundle from the service whenever the metrics are scraped. */
  watch(inference: InferenceService): void;
}

/** The original's HTTP metrics, name by name and label by label, and those of the inference service. */
export function createMetrics(registry: Registry): Metrics {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests by method, status and handler.',
    labelNames: ['handler', 'method', 'status'],
    registers,
  });
  // The original's names have 4xx and 5xx only: a full queue (503) and a spent limit (429) are no failure.
  const answers = new Counter({
    name: 'etiquette_http_answers_total',
    help: 'Answers by handler and exact status.',
    labelNames: ['handler', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Latency by handler, in few buckets.',
    labelNames: ['handler', 'method'],
    buckets: [0.1, 0.5, 1],
    registers,
  });
  const fineDuration = new Histogram({
    name: 'http_request_duration_highr_seconds',
    help: 'Latency over all handlers, in many buckets.',
    buckets: [
      0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60,
    ],
    registers,
  });
  const requestSize = new Summary({
    name: 'http_request_size_bytes',
    help: 'Announced length of requests by handler.',
    labelNames: ['handler'],
    percentiles: [],
    registers,
  });
  const responseSize = new Summary({
    name: 'http_response_size_bytes',
    help: 'Length of answers by handler.',
    labelNames: ['handler'],
    percentiles: [],
    registers,
  });
  const predictions = new Counter({
    name: 'etiquette_predictions_total',
    help: 'Predictions by type code and bundle.',
    labelNames: ['code', 'bundle'],
    registers,
  });
  const confidences = new Histogram({
    name: 'etiquette_prediction_confidence',
    help: 'Calibrated confidence of the most probable code, by bundle.',
    labelNames: ['bundle'],
    buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1],
    registers,
  });
  const corrections = new Counter({
    name: 'etiquette_corrections_total',
    help: "People's answers to predictions, by the code that is right and whether it was predicted (confirmed) or not.",
    labelNames: ['code', 'result'],
    registers,
  });
  // A counter that is born with its first event never shows an increase.
  for (const code of TYPE_CODES) {
    for (const result of ['confirmed', 'corrected']) corrections.inc({ code, result }, 0);
  }
  const batchSize = new Histogram({
    name: 'etiquette_inference_batch_size',
    help: 'Products that were answered together.',
    buckets: [1, 2, 4, 8, 16],
    registers,
  });
  const batchDuration = new Histogram({
    name: 'etiquette_inference_batch_seconds',
    help: 'Time of a batch in the inference process.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const queueWait = new Histogram({
    name: 'etiquette_inference_queue_wait_seconds',
    help: 'How long requests waited for an inference process.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const restarts = new Counter({
    name: 'etiquette_inference_restarts_total',
    help: 'How often an inference process died or hung and was replaced.',
    registers,
  });
  const recycles = new Counter({
    name: 'etiquette_inference_recycles_total',
    help: 'How often an inference process was replaced because its memory had grown.',
    registers,
  });
  const cached = new Counter({
    name: 'etiquette_cache_answers_total',
    help: 'Predictions asked for, by whether the answer was kept already (hit) or not (miss).',
    labelNames: ['result'],
    registers,
  });

  return {
    registry,
    request({ handler, method, status, seconds, requestBytes }) {
      requests.inc({ handler, method, status: `${Math.floor(status / 100)}xx` });
      answers.inc({ handler, status });
      duration.observe({ handler, method }, seconds);
      fineDuration.observe(seconds);
      requestSize.observe({ handler }, requestBytes);
    },
    response: (handler, bytes) => responseSize.observe({ handler }, bytes),
    prediction(code, bundle, confidence) {
      predictions.inc({ code, bundle });
      confidences.observe({ bundle }, confidence);
    },
    correction: (code, confirmed) => corrections.inc({ code, result: confirmed ? 'confirmed' : 'corrected' }),
    inference: {
      onBatch(size, seconds) {
        batchSize.observe(size);
        batchDuration.observe(seconds);
      },
      onWait: (seconds) => queueWait.observe(seconds),
      onRestart: () => restarts.inc(),
      onRecycle: () => recycles.inc(),
      onCache: (hit) => cached.inc({ result: hit ? 'hit' : 'miss' }),
    },
    watch(inference) {
      new Gauge({
        name: 'etiquette_inference_queue_depth',
        help: 'Requests that wait for the inference process.',
        registers,
        collect() {
          this.set(inference.waiting);
        },
      });
      new Gauge({
        name: 'etiquette_inference_processes',
        help: 'Inference processes of the bundle that serves: those that are ready and those that are wanted.',
        labelNames: ['state'],
        registers,
        collect() {
          const { ready, wanted } = inference.processes;
          this.set({ state: 'ready' }, ready);
          this.set({ state: 'wanted' }, wanted);
        },
      });
      new Gauge({
        name: 'etiquette_bundle_info',
        help: 'The bundle that serves.',
        labelNames: ['version', 'family'],
        registers,
        collect() {
          this.reset();
          const bundle = inference.current();
          if (bundle) this.set({ version: bundle.version, family: bundle.family }, 1);
        },
      });
    },
  };
}
