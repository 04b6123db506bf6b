import { createHash, randomUUID } from 'node:crypto';
import { inputsHash } from '../data/inputs-hash.ts';
import type { PredictProduct } from '../models/runtime/jobs.ts';
import type { Prediction } from '../models/serving/lane.ts';
import { detailed, traced } from '../tracing/spans.ts';
import { unlessClientGone } from './client-gone.ts';
import type { ApiDependencies } from './environment.ts';
import { createRecorder } from './recorder.ts';
import { tellServed } from './served-spans.ts';

/** One code and how sure the bundle is of it, as the original words it. */
export interface Likely {
  readonly label: string;
  readonly confidence: number;
  /** The code's place in the bundle's labels. */
  readonly prediction: number;
}

/** A prediction that is on record. */
export interface Answer {
  readonly id: string;
  readonly prediction: Prediction;
  readonly best: Likely;
}

export interface AskOptions {
  readonly signal: AbortSignal;
  readonly draw: number;
}

export type Ask = (product: PredictProduct, options: AskOptions) => Promise<Answer>;

/** Of the codes that a prediction is remembered by. */
const REMEMBERED_CODES = 5;

/**
 * Asks the model, counts the answer and keeps it under a new id, unless nothing is to be kept: what every route that predicts does.
 * @throws EtiquetteError those of `InferenceService.predict`, or CLIENT_GONE
 */
export function createAsk({ config, inference, predictions, metrics, log, now }: ApiDependencies): Ask {
  const record = createRecorder(predictions, log);
  async function ask(product: PredictProduct, { signal, draw }: AskOptions): Promise<Answer> {
    const start = performance.now();
    const prediction = await unlessClientGone(signal, inference.predict(product, { signal, draw }));
    const seconds = (performance.now() - start) / 1000;
    tellServed(prediction);
    const likely = mostProbable(prediction, REMEMBERED_CODES);
    const [best] = likely;
    if (!best) throw new Error('the bundle answered with something that is no probability');
    const id = randomUUID();
    const { label, confidence } = best;
    metrics.prediction(label, prediction.version, confidence);
    if (config.KEEP_PREDICTIONS === 'off') return { id, prediction, best };
    const kept = {
      id,
      at: now().toISOString(),
      bundle: prediction.version,
      code: Number(label),
      confidence,
      inputs_hash: inputsHash(product),
      features: prediction.features && JSON.stringify(prediction.features),
      codes: JSON.stringify(likely.map((one) => [Number(one.label), rounded(one.confidence)])),
      seconds,
    };
    await traced('database write', { 'etiquette.prediction.id': id }, () => record(kept));
    return { id, prediction, best };
  }

  return (product, options) => detailed('predict', () => ask(product, options));
}

/** The k most probable codes, the most probable first; those of equal probability in the order of the labels. */
export function mostProbable({ probabilities, labels }: Prediction, k: number): Likely[] {
  if (probabilities.some(Number.isNaN)) return [];
  return Array.from(probabilities, (confidence, prediction) => ({ confidence, prediction }))
    .sort((one, other) => other.confidence - one.confidence || one.prediction - other.prediction)
    .slice(0, k)
    .map(({ confidence, prediction }) => ({ label: String(labels[prediction]), confidence, prediction }));
}

/** A float of 32 bits has some 7 digits; as one of 64 it would be written with 17. */
const rounded = (probability: number) => Number(probability.toPrecision(7));

/** The original's predictions, with the id and the bundle beside them. */
export function asJson({ id, prediction }: Answer, topK: number) {
  return {
    predictions: mostProbable(prediction, topK),
    prediction_id: id,
    bundle_version: prediction.version,
  };
}

/** 0..1, the same for the same request id: which requests a bundle on trial gets. */
export function drawOf(requestId: string): number {
  return createHash('sha256').update(requestId).digest().readUInt32BE() / 2 ** 32;
}
