import { EtiquetteError } from '../../errors.ts';
import type { DriftFeatures } from '../drift/features.ts';
import type { PredictOutcome, PredictProduct, WorkTimes } from '../runtime/jobs.ts';
import { unavailable } from './errors.ts';
import type { Explanations } from './explanations.ts';
import type { Pool } from './pool.ts';
import type { RequestQueue, Waiting } from './queue.ts';
import type { Replica } from './replica.ts';

/** A bundle that answers requests. */
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
  /** How it came about; none where the answer was kept from an earlier one. */
  readonly served?: Served | undefined;
  /** What the stream is watched by; null: it is not. */
  readonly features: DriftFeatures | null;
}

/** Where the time of an answer went. */
export interface Served {
  /** Milliseconds, as `performance.now` counts: when it was asked, when its batch went to a process, when that answered. */
  readonly asked: number;
  readonly begun: number;
  readonly done: number;
  /** Products in its batch. */
  readonly batch: number;
  /** What the process itself measured. */
  readonly worked: WorkTimes | null;
}

export interface BatchOptions {
  /** Products that go to a process at once. */
  readonly maxBatch: number;
  /** How long a batch may wait for more, while there is load. */
  readonly batchWaitMs: number;
  readonly onBatch?: ((size: number, seconds: number) => void) | undefined;
  /** How long a request waited for a process. */
  readonly onWait?: ((seconds: number) => void) | undefined;
}

export interface LaneOptions extends BatchOptions {
  readonly pool: Pool;
  readonly queue: RequestQueue<PredictProduct, Prediction>;
  /** For a process that no prediction waits for. */
  readonly explanations?: Explanations;
}

/** A pool and the requests that go to it, batch by batch. */
export interface Lane {
  readonly pool: Pool;
  readonly facts: ServingBundle;
  /** Gives what waits to the processes that are free. */
  pump(): void;
  /** Takes nothing more, and closes the pool; what waits in the queue is another lane's. */
  close(): Promise<void>;
}

/**
 * How batches are cut. A process that is free takes its share of what waits: as many as there are for each process
 * of the pool, maxBatch at most. So a request that comes alone goes alone and at once, a burst is spread over the
 * processes, and the longer the queue is the larger the batches are. Only while batches have company (the last one
 * had more than one product) may the next wait up to batchWaitMs for more.
 */
export function createLane({ pool, queue, maxBatch, batchWaitMs, explanations, ...on }: LaneOptions): Lane {
  const { version, family, labels } = pool.bundle;
  const facts = { version, family, labels, since: new Date() };
  let stopped = false;
  let lastBatch = 0;
  let timer: NodeJS.Timeout | undefined;

  function pump(): void {
    clearTimeout(timer);
    if (stopped) return;
    if (pool.broken) giveUp();
    for (const replica of pool.replicas) {
      if (!replica.idle || replica.lost) continue;
      const wait = patience();
      if (wait > 0) {
        timer = setTimeout(pump, wait);
        return;
      }
      if (queue.size > 0) void answer(replica, take());
      else void explanations?.slice(replica)?.then(() => free(replica));
    }
  }

  function take(): Waiting<PredictProduct, Prediction>[] {
    const batch = queue.take(Math.min(maxBatch, Math.ceil(queue.size / pool.processes.ready)));
    lastBatch = batch.length;
    return batch;
  }

  /** Milliseconds that the next batch has to wait. */
  function patience(): number {
    const { size, oldest } = queue;
    if (oldest === undefined || lastBatch <= 1 || size >= maxBatch) return 0;
    return oldest + batchWaitMs - performance.now();
  }

  async function answer(
    replica: Replica,
    batch: readonly Waiting<PredictProduct, Prediction>[],
  ): Promise<void> {
    const start = performance.now();
    for (const { since } of batch) on.onWait?.((start - since) / 1000);
    try {
      let worked: WorkTimes | null = null;
      const outcomes = await replica.predict(
        batch.map(({ input }) => input),
        (times) => {
          worked = times;
        },
      );
      const times = { begun: start, done: performance.now(), batch: batch.length, worked };
      on.onBatch?.(batch.length, (times.done - start) / 1000);
      batch.forEach((waiting, index) => {
        settle(waiting, outcomes[index], facts, times);
      });
    } catch (error) {
      if (replica.lost) again(batch, error);
      else for (const waiting of batch) waiting.reject(error);
    }
    free(replica);
  }

  /** Each is asked once more, alone: one of them may be what killed the process. */
  function again(batch: readonly Waiting<PredictProduct, Prediction>[], cause: unknown): void {
    for (const waiting of batch) if (waiting.retried) waiting.reject(unavailable(version, cause));
    queue.retry(batch);
  }

  function free(replica: Replica): void {
    pool.inspect(replica);
    pump();
  }

  function giveUp(): void {
    const reason = unavailable(version);
    while (queue.size > 0) for (const waiting of queue.take(queue.size)) waiting.reject(reason);
    explanations?.giveUp(reason);
  }

  pool.watch(pump);
  return {
    pool,
    facts,
    pump,
    close() {
      stopped = true;
      clearTimeout(timer);
      return pool.close();
    },
  };
}

function settle(
  waiting: Waiting<PredictProduct, Prediction>,
  outcome: PredictOutcome | undefined,
  { version, labels }: ServingBundle,
  times: Omit<Served, 'asked'>,
): void {
  if (!outcome) waiting.reject(new Error('the inference process left a product out'));
  else if ('problem' in outcome) {
    waiting.reject(new EtiquetteError(outcome.problem.code, outcome.problem.message));
  } else waiting.resolve({ version, labels, ...outcome, served: { asked: waiting.since, ...times } });
}
