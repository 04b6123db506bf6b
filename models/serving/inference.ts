import type { Logger } from 'pino';
import { EtiquetteError } from '../../errors.ts';
import type { ExplainInput, MlProcess, PredictProduct } from '../runtime/jobs.ts';
import { createExplanations, type Explained } from './explanations.ts';
import { createLane, type Lane, type Prediction, type ServingBundle } from './lane.ts';
import { createQueue } from './queue.ts';
import { type Replica, startReplica } from './replica.ts';
import { createTrial, type Trial, type TrialPlan, type TrialState } from './trial.ts';

export interface InferenceOptions {
  /** The folder of bundles, each in a folder named by its version. */
  readonly bundles: string;
  readonly encoders: string;
  /** Makes a child process: one serves, a second one lives while a bundle is prepared. */
  readonly createMl: () => MlProcess;
  /** How many requests may wait; one more is SERVING_BUSY. */
  readonly maxQueue: number;
  readonly maxBatch?: number;
  /** From the call of `predict` to its answer. */
  readonly deadlineMs?: number;
  /** From the call of `explain` to its answer: predictions go first, so that it may take a while. */
  readonly explainDeadlineMs?: number;
  /** For loading a bundle, and again for each batch of its golden products. */
  readonly loadTimeoutMs?: number;
  readonly log: Logger;
  readonly onBatch?: (size: number, seconds: number) => void;
  readonly onRestart?: () => void;
}

export interface PredictOptions {
  readonly signal?: AbortSignal;
  /** 0..1, the same for the same request: below a trial's share the request is in it. */
  readonly draw?: number;
}

export interface Deployed {
  readonly version: string;
  /** What served before; null when nothing did. The version itself when it was serving already. */
  readonly replaced: string | null;
}

/**
 * Serves one bundle from a child process and replaces it without losing a request. Requests wait in a bounded
 * queue; whatever waits when the child is free goes to it as one batch.
 */
export interface InferenceService {
  /**
   * Loads a bundle in a child of its own, beside the one that serves, and checks its golden products.
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
  /** Ends a trial and closes its process; what it was asked is answered first. Nothing happens when none goes on. */
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
  /** How many explanations wait or are being made. */
  readonly explaining: number;
  /** Takes no more requests, answers the predictions it has, gives up explanations, and closes every child. */
  close(): Promise<void>;
}

/**
 * A batch that takes longer than so many deadlines hangs: its child is replaced. Below that it may only be slow,
 * and loading a bundle again would make an overload worse.
 */
const HANGS_AFTER_DEADLINES = 3;

/** Whoever is answered by a bundle on trial must not wait much longer than the champion would have them wait. */
const TRIAL_PATIENCE_MS = 2_000;

export function createInference({
  maxQueue,
  maxBatch = 8,
  deadlineMs = 10_000,
  explainDeadlineMs = 30_000,
  loadTimeoutMs = 60_000,
  onBatch,
  ...options
}: InferenceOptions): InferenceService {
  const { log } = options;
  const queue = createQueue<PredictProduct, Prediction>({ limit: maxQueue, deadlineMs });
  const hangsAfterMs = HANGS_AFTER_DEADLINES * deadlineMs;
  const explanations = createExplanations({
    deadlineMs: explainDeadlineMs,
    sliceTimeoutMs: hangsAfterMs,
  });
  const replicaOptions = { ...options, loadTimeoutMs, maxBatch };
  const retiring = new Set<Promise<void>>();
  const stopping = new AbortController();
  let serving: Lane | null = null;
  let prepared: Replica | null = null;
  let trial: { readonly lane: Trial; readonly timer: NodeJS.Timeout } | null = null;
  let lastDeployment: Promise<unknown> = Promise.resolve();

  function serialized<T>(task: () => Promise<T>): Promise<T> {
    const result = lastDeployment.then(task);
    lastDeployment = result.catch(() => {});
    return result;
  }

  async function prepare(version: string): Promise<void> {
    if (stopping.signal.aborted) throw closed();
    if (prepared?.bundle.version === version || serving?.facts.version === version) return;
    await prepared?.close();
    prepared = null;
    prepared = await startReplica(version, replicaOptions, stopping.signal);
    log.info({ bundle: version }, 'a bundle is loaded and answers its golden products');
  }

  function activate(version: string): Deployed {
    if (serving?.facts.version === version) return { version, replaced: version };
    if (prepared?.bundle.version !== version) {
      throw new EtiquetteError(
        'BUNDLE_NOT_PREPARED',
        `Bundle ${version} is not prepared. Prepare it first.`,
        {
          retryable: true,
        },
      );
    }
    const old = serving;
    const replica = prepared;
    prepared = null;
    serving = createLane({
      replica,
      queue,
      maxBatch,
      hangsAfterMs,
      onBatch,
      // Predictions go first: a slice of an explanation is for a child that has nothing else to do.
      otherwise: () => (explanations.pending ? explanations.slice(replica) : null),
    });
    if (old) retire(old);
    serving.pump();
    const replaced = old?.facts.version ?? null;
    log.info({ bundle: version, replaced }, 'a bundle serves');
    return { version, replaced };
  }

  async function deploy(version: string): Promise<Deployed> {
    await prepare(version);
    return activate(version);
  }

  async function begin(plan: TrialPlan): Promise<TrialState> {
    const going = trial?.lane.state;
    if (going && going.version === plan.version && going.kind === plan.kind) return going;
    if (!serving) throw noModel();
    if (serving.facts.version === plan.version) {
      throw new EtiquetteError(
        'BUNDLE_SERVES_ALREADY',
        `Bundle ${plan.version} serves already: there is nothing to try.`,
      );
    }
    await stopTrial();
    await prepare(plan.version);
    const replica = prepared as Replica;
    const lane = createTrial({
      ...{ plan, replica, maxQueue, maxBatch, hangsAfterMs, onBatch },
      patienceMs: Math.min(TRIAL_PATIENCE_MS, deadlineMs),
    });
    const timer = setTimeout(() => void serialized(endTrial).catch(() => {}), plan.seconds * 1000).unref();
    trial = { lane, timer };
    log.info({ bundle: plan.version, kind: plan.kind, share: plan.share }, 'a bundle is tried');
    return lane.state;
  }

  /** Its replica stays loaded: it is what may be activated next. */
  async function stopTrial(): Promise<void> {
    if (!trial) return;
    const { lane, timer } = trial;
    clearTimeout(timer);
    trial = null;
    while (lane.lane.busy !== null) await lane.lane.busy;
    log.info({ ...lane.state }, 'a trial ended');
  }

  async function endTrial(): Promise<void> {
    if (!trial) return;
    await stopTrial();
    await prepared?.close();
    prepared = null;
  }

  function ask(product: PredictProduct, signal?: AbortSignal): Promise<Prediction> {
    const prediction = queue.add(product, signal);
    serving?.pump();
    return prediction;
  }

  function retire(old: Lane): void {
    const gone = (async () => {
      await old.stop();
      await old.replica.close();
    })()
      .catch((error: unknown) => log.error({ err: error }, 'an old inference process could not be closed'))
      .finally(() => retiring.delete(gone));
    retiring.add(gone);
  }

  return {
    prepare: (version) => serialized(() => prepare(version)),
    activate: (version) =>
      serialized(async () => {
        await stopTrial();
        return activate(version);
      }),
    deploy: (version) =>
      serialized(async () => {
        await stopTrial();
        return deploy(version);
      }),
    try: (plan) => serialized(() => begin(plan)),
    trial: () => trial?.lane.state ?? null,
    endTrial: () => serialized(endTrial),
    restore: (version) =>
      serialized(async () => {
        if (!serving) await deploy(version);
      }),
    current: () => serving?.facts ?? null,
    get waiting() {
      return queue.size;
    },
    predict(product, { signal, draw = Math.random() } = {}) {
      if (stopping.signal.aborted) return Promise.reject(closed());
      if (!serving) return Promise.reject(noModel());
      if (!trial) return ask(product, signal);
      return trial.lane.predict(product, { ...(signal && { signal }), draw, champion: ask });
    },
    explain(input, { signal } = {}) {
      if (stopping.signal.aborted) return Promise.reject(closed());
      if (!serving) return Promise.reject(noModel());
      const explained = explanations.add(input, signal);
      serving.pump();
      return explained;
    },
    get explaining() {
      return explanations.size;
    },
    async close() {
      stopping.abort(closed());
      explanations.close(closed());
      await lastDeployment;
      await stopTrial();
      // Every request has a deadline, so this ends.
      while (serving !== null && serving.busy !== null) await serving.busy;
      await Promise.all([prepared?.close(), serving?.replica.close(), ...retiring]);
      prepared = null;
      serving = null;
    },
  };
}

export function noModel(): EtiquetteError {
  return new EtiquetteError(
    'NO_MODEL',
    'No bundle is loaded yet: the first one is still being trained, deployed or loaded. Try again in a moment.',
    { retryable: true },
  );
}

function closed(): EtiquetteError {
  return new EtiquetteError('SERVING_CLOSED', 'The service is stopping. Try again in a moment.', {
    retryable: true,
  });
}
