import type { Logger } from 'pino';
import type { ExplainInput, MlProcess, PredictProduct } from '../runtime/jobs.ts';
import { contentKey, createAnswers } from './answers.ts';
import { closed, noModel } from './errors.ts';
import { createExplanations, type Explained } from './explanations.ts';
import { createLane, type Lane, type Prediction, type ServingBundle } from './lane.ts';
import { type Processes, startPool } from './pool.ts';
import { createQueue } from './queue.ts';
import { createSwitch, type Deployed } from './switch.ts';
import { createTrial, type TrialPlan, type TrialState } from './trial.ts';

export interface InferenceOptions {
  /** The folder of bundles, each in a folder named by its version. */
  readonly bundles: string;
  readonly encoders: string;
  /** false: answers come without what the stream is watched by. */
  readonly watched?: boolean;
  /** Makes a child process. */
  readonly createMl: () => MlProcess;
  /** Child processes of a bundle; as many again live while another one is prepared. */
  readonly processes?: number;
  /** A child that holds so many MB more than when it was ready is replaced. */
  readonly growthMb?: number;
  /** How many requests may wait; one more is SERVING_BUSY. */
  readonly maxQueue: number;
  /** Products that go to a child at once. */
  readonly maxBatch?: number;
  /** How long a batch may wait for more products, while there is load; see `createLane`. */
  readonly batchWaitMs?: number;
  /** How many answers are kept, to be given again; 0: none. */
  readonly cachedAnswers?: number;
  /** From the call of `predict` to its answer. */
  readonly deadlineMs?: number;
  /** From the call of `explain` to its answer: predictions go first, so that it may take a while. */
  readonly explainDeadlineMs?: number;
  /** For loading a bundle, and again for each batch of its golden products. */
  readonly loadTimeoutMs?: number;
  readonly log: Logger;
  readonly onBatch?: (size: number, seconds: number) => void;
  /** How long a request waited for a child. */
  readonly onWait?: (seconds: number) => void;
  readonly onRestart?: () => void;
  readonly onRecycle?: () => void;
  /** Whether an answer was kept already. */
  readonly onCache?: (hit: boolean) => void;
}

export interface PredictOptions {
  readonly signal?: AbortSignal;
  /** 0..1, the same for the same request: below a trial's share the request is in it. */
  readonly draw?: number;
}

/**
 * Serves one bundle from a pool of child processes and replaces it without losing a request. Requests wait in one
 * bounded queue; a child that is free takes its share of what waits as one batch.
 */
export interface InferenceService {
  /**
   * Loads a bundle in children of its own, beside those that serve, and checks its golden products in each.
   * @throws EtiquetteError BUNDLE_UNKNOWN, BUNDLE_CORRUPT, BUNDLE_LOAD_FAILED or BUNDLE_GOLDEN_MISMATCH
   */
  prepare(version: string): Promise<void>;
  /**
   * Switches to a prepared bundle. Requests in flight are answered by the old one, which is closed after.
   * @throws EtiquetteError BUNDLE_NOT_PREPARED
   */
  activate(version: string): Promise<Deployed>;
  /** `prepare` and `activate`; a failure leaves the old bundle serving. One at a time, in order of the calls. */
  deploy(version: string): Promise<Deployed>;
  /** `deploy`, unless something serves by then: what a start does must not undo a deployment. */
  restore(version: string): Promise<void>;
  current(): ServingBundle | null;
  /**
   * Loads a bundle as `prepare` does and gives it a share of the requests, or shadows them. Asked again for the plan
   * that goes on, it changes nothing. `activate` of its version ends the trial and switches.
   * @throws EtiquetteError as prepare, or NO_MODEL when nothing serves that it could be compared with
   */
  try(plan: TrialPlan): Promise<TrialState>;
  /** null: no trial goes on. */
  trial(): TrialState | null;
  /** Ends a trial and closes its processes; what it was asked is answered first. Nothing happens when none goes on. */
  endTrial(): Promise<void>;
  /**
   * @throws EtiquetteError NO_MODEL, SERVING_BUSY, SERVING_TIMEOUT, SERVING_UNAVAILABLE, SERVING_CLOSED (all
   *   retryable), or the product's own problem (PICTURE_...)
   */
  predict(product: PredictProduct, options?: PredictOptions): Promise<Prediction>;
  /**
   * Says what spoke for a product's code. One at a time, in slices of some milliseconds between which predictions
   * go first; a few more may wait.
   * @throws EtiquetteError EXPLAIN_BUSY, or those of `predict` but SERVING_BUSY
   */
  explain(input: ExplainInput, options?: { readonly signal?: AbortSignal }): Promise<Explained>;
  /** How many requests wait. */
  readonly waiting: number;
  /** The children of the bundle that serves; none before there is one. */
  readonly processes: Processes;
  /** How many explanations wait or are being made. */
  readonly explaining: number;
  /** Takes no more requests, answers the predictions it has, gives up explanations, and closes every child. */
  close(): Promise<void>;
}

/** A batch that takes half the deadline hangs (see `startReplica`): the other half is for asking again. */
const HANGS_AFTER = 0.5;

/** Whoever is answered by a bundle on trial must not wait much longer than the champion would have them wait. */
const TRIAL_PATIENCE_MS = 2_000;

export function createInference({
  watched = true,
  processes = 1,
  growthMb = 512,
  maxQueue,
  maxBatch = 8,
  batchWaitMs = 0,
  cachedAnswers = 0,
  deadlineMs = 10_000,
  explainDeadlineMs = 30_000,
  loadTimeoutMs = 60_000,
  onCache,
  ...options
}: InferenceOptions): InferenceService {
  const wake = () => bundles.serving?.pump();
  const queue = createQueue<PredictProduct, Prediction>({ limit: maxQueue, deadlineMs, wake });
  const explanations = createExplanations({ deadlineMs: explainDeadlineMs, wake });
  const answers = createAnswers(cachedAnswers);
  const batches = { maxBatch, batchWaitMs, onBatch: options.onBatch, onWait: options.onWait };
  const hangsAfterMs = HANGS_AFTER * deadlineMs;
  const growthBytes = growthMb * 1024 * 1024;
  const poolOptions = { ...options, watched, processes, growthBytes, loadTimeoutMs, maxBatch, hangsAfterMs };
  const bundles = createSwitch({
    log: options.log,
    start: (version, stopping) => startPool(version, poolOptions, stopping),
    serve: (pool) => createLane({ ...batches, pool, queue, explanations }),
    createTrial: (plan, pool) =>
      createTrial({ ...batches, plan, pool, maxQueue, patienceMs: Math.min(TRIAL_PATIENCE_MS, deadlineMs) }),
  });
  let stopping = false;

  /** @throws EtiquetteError when nobody could answer */
  function lane(): Lane {
    if (stopping) throw closed();
    if (!bundles.serving) throw noModel();
    return bundles.serving;
  }

  async function ask(product: PredictProduct, version: string, signal?: AbortSignal): Promise<Prediction> {
    if (cachedAnswers === 0) return queue.add(product, signal);
    const key = contentKey(product);
    const kept = answers.get(version, key);
    onCache?.(kept !== null);
    if (kept) return kept;
    const prediction = await queue.add(product, signal);
    answers.add(key, prediction);
    return prediction;
  }

  return {
    prepare: bundles.prepare,
    activate: bundles.activate,
    deploy: bundles.deploy,
    try: bundles.try,
    trial: () => bundles.trial?.state ?? null,
    endTrial: bundles.endTrial,
    restore: bundles.restore,
    current: () => bundles.serving?.facts ?? null,
    get waiting() {
      return queue.size;
    },
    get processes() {
      return bundles.serving?.pool.processes ?? { ready: 0, wanted: processes };
    },
    async predict(product, { signal, draw = Math.random() } = {}) {
      const { version } = lane().facts;
      const { trial } = bundles;
      if (!trial) return ask(product, version, signal);
      // Kept answers would have no place in a comparison: the champion would seem to be faster than it is.
      return trial.predict(product, { ...(signal && { signal }), draw, champion: queue.add });
    },
    async explain(input, { signal } = {}) {
      lane();
      return explanations.add(input, signal);
    },
    get explaining() {
      return explanations.size;
    },
    async close() {
      stopping = true;
      explanations.giveUp(closed());
      await bundles.stop();
      await queue.idle();
      await bundles.close();
    },
  };
}
