import type { Logger } from 'pino';
import { EtiquetteError } from '../../errors.ts';
import type { ExplainInput } from '../explain/explanation.ts';
import type { MlProcess, PredictOutcome, PredictProduct } from '../runtime/jobs.ts';
import { createExplanations, type Explained } from './explanations.ts';
import { createQueue, type Waiting } from './queue.ts';
import { type Replica, startReplica, unavailable } from './replica.ts';

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

/** The bundle that serves. */
export interface ServingBundle {
  readonly version: string;
  readonly family: string;
  /** Class order: column j of every row is labels[j]. */
  readonly labels: readonly number[];
  /** When it began to serve here. */
  readonly since: Date;
}

export interface Prediction {
  readonly version: string;
  readonly labels: readonly number[];
  /** Fused, in label order. */
  readonly probabilities: Float32Array;
  /** What each model says by itself; null where the product has no such part. */
  readonly text: Float32Array | null;
  readonly image: Float32Array | null;
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
   * @throws EtiquetteError NO_MODEL, SERVING_BUSY, SERVING_TIMEOUT, SERVING_UNAVAILABLE, SERVING_CLOSED (all
   *   retryable), or the product's own problem (PICTURE_...)
   */
  predict(product: PredictProduct, options?: { readonly signal?: AbortSignal }): Promise<Prediction>;
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

interface Serving {
  readonly replica: Replica;
  readonly facts: ServingBundle;
  /** The batch in flight. It never rejects. */
  busy: Promise<void> | null;
}

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
  const explanations = createExplanations({
    deadlineMs: explainDeadlineMs,
    sliceTimeoutMs: HANGS_AFTER_DEADLINES * deadlineMs,
  });
  const replicaOptions = { ...options, loadTimeoutMs, maxBatch };
  const retiring = new Set<Promise<void>>();
  const stopping = new AbortController();
  let serving: Serving | null = null;
  let prepared: Replica | null = null;
  let lastDeployment: Promise<unknown> = Promise.resolve();

  function serialized<T>(task: () => Promise<T>): Promise<T> {
    const result = lastDeployment.then(task);
    lastDeployment = result.catch(() => {});
    return result;
  }

  async function prepare(version: string): Promise<void> {
    if (stopping.signal.aborted) throw closed();
    if (prepared?.bundle.version === version) return;
    await prepared?.close();
    prepared = null;
    prepared = await startReplica(version, replicaOptions, stopping.signal);
    log.info({ bundle: version }, 'a bundle is loaded and answers its golden products');
  }

  function activate(version: string): Deployed {
    if (prepared?.bundle.version !== version) {
      throw new EtiquetteError('BUNDLE_NOT_PREPARED', `Bundle ${version} is not prepared. Prepare it first.`);
    }
    const old = serving;
    const { family, labels } = prepared.bundle;
    serving = { replica: prepared, facts: { version, family, labels, since: new Date() }, busy: null };
    prepared = null;
    if (old) retire(old);
    pump();
    const replaced = old?.facts.version ?? null;
    log.info({ bundle: version, replaced }, 'a bundle serves');
    return { version, replaced };
  }

  async function deploy(version: string): Promise<Deployed> {
    if (serving?.facts.version === version) return { version, replaced: version };
    await prepare(version);
    return activate(version);
  }

  function retire(old: Serving): void {
    const gone = (async () => {
      await old.busy;
      await old.replica.close();
    })()
      .catch((error: unknown) => log.error({ err: error }, 'an old inference process could not be closed'))
      .finally(() => retiring.delete(gone));
    retiring.add(gone);
  }

  /** Hands what waits to the serving child when it is free: predictions, and else a slice of an explanation. */
  function pump(): void {
    const current = serving;
    if (!current || current.busy !== null) return;
    if (queue.size === 0 && !explanations.pending) return;
    const work = queue.size > 0 ? answer(current, queue.take(maxBatch)) : explanations.slice(current.replica);
    current.busy = work.finally(() => {
      current.busy = null;
      pump();
    });
  }

  async function answer(
    { replica, facts }: Serving,
    batch: readonly Waiting<PredictProduct, Prediction>[],
  ): Promise<void> {
    const start = performance.now();
    try {
      const outcomes = await replica.predict(
        batch.map((waiting) => waiting.input),
        AbortSignal.timeout(HANGS_AFTER_DEADLINES * deadlineMs),
      );
      onBatch?.(batch.length, (performance.now() - start) / 1000);
      batch.forEach((waiting, index) => {
        settle(waiting, outcomes[index], facts);
      });
    } catch (error) {
      // Put back last first, so that they keep their order.
      for (const waiting of batch.toReversed()) {
        if (!replica.lost) waiting.reject(error);
        else if (waiting.retried) waiting.reject(unavailable(facts.version, error));
        else queue.retry(waiting);
      }
    }
  }

  return {
    prepare: (version) => serialized(() => prepare(version)),
    activate: (version) => serialized(async () => activate(version)),
    deploy: (version) => serialized(() => deploy(version)),
    restore: (version) =>
      serialized(async () => {
        if (!serving) await deploy(version);
      }),
    current: () => serving?.facts ?? null,
    get waiting() {
      return queue.size;
    },
    predict(product, { signal } = {}) {
      if (stopping.signal.aborted) return Promise.reject(closed());
      if (!serving) return Promise.reject(noModel());
      const prediction = queue.add(product, signal);
      pump();
      return prediction;
    },
    explain(input, { signal } = {}) {
      if (stopping.signal.aborted) return Promise.reject(closed());
      if (!serving) return Promise.reject(noModel());
      const explained = explanations.add(input, signal);
      pump();
      return explained;
    },
    get explaining() {
      return explanations.size;
    },
    async close() {
      stopping.abort(closed());
      explanations.close(closed());
      await lastDeployment;
      // Every request has a deadline, so this ends.
      while (serving !== null && serving.busy !== null) await serving.busy;
      await Promise.all([prepared?.close(), serving?.replica.close(), ...retiring]);
      prepared = null;
      serving = null;
    },
  };
}

function settle(
  waiting: Waiting<PredictProduct, Prediction>,
  outcome: PredictOutcome | undefined,
  { version, labels }: ServingBundle,
): void {
  if (!outcome) waiting.reject(new Error('the inference process left a product out'));
  else if ('problem' in outcome) {
    waiting.reject(new EtiquetteError(outcome.problem.code, outcome.problem.message));
  } else waiting.resolve({ version, labels, ...outcome });
}

function noModel(): EtiquetteError {
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
