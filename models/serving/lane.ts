import { EtiquetteError } from '../../errors.ts';
import type { PredictOutcome, PredictProduct } from '../runtime/jobs.ts';
import type { RequestQueue, Waiting } from './queue.ts';
import { type Replica, unavailable } from './replica.ts';

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
}

export interface LaneOptions {
  readonly replica: Replica;
  readonly queue: RequestQueue<PredictProduct, Prediction>;
  readonly maxBatch: number;
  /** A batch that takes longer hangs: its child is replaced. */
  readonly hangsAfterMs: number;
  readonly onBatch?: ((size: number, seconds: number) => void) | undefined;
  /** Work for a child without a batch to do; null when there is none. It never rejects. */
  readonly otherwise?: () => Promise<void> | null;
}

/** One child process and the requests that go to it, a batch at a time. */
export interface Lane {
  readonly replica: Replica;
  readonly facts: ServingBundle;
  /** Hands the child what waits, if it is free. */
  pump(): void;
  /** Until the batch in flight is answered. */
  readonly busy: Promise<void> | null;
  /** Takes nothing more; what waits in the queue is another lane's. @returns when the batch in flight is answered */
  stop(): Promise<void>;
}

export function createLane(options: LaneOptions): Lane {
  const { replica, queue, maxBatch, otherwise } = options;
  const { version, family, labels } = replica.bundle;
  const facts = { version, family, labels, since: new Date() };
  let busy: Promise<void> | null = null;
  let stopped = false;

  function pump(): void {
    if (busy !== null || stopped) return;
    const work = queue.size > 0 ? answer(queue.take(maxBatch)) : (otherwise?.() ?? null);
    if (work === null) return;
    busy = work.finally(() => {
      busy = null;
      pump();
    });
  }

  async function answer(batch: readonly Waiting<PredictProduct, Prediction>[]): Promise<void> {
    const start = performance.now();
    try {
      const outcomes = await replica.predict(
        batch.map((waiting) => waiting.input),
        AbortSignal.timeout(options.hangsAfterMs),
      );
      options.onBatch?.(batch.length, (performance.now() - start) / 1000);
      batch.forEach((waiting, index) => {
        settle(waiting, outcomes[index], facts);
      });
    } catch (error) {
      // Put back last first, so that they keep their order.
      for (const waiting of batch.toReversed()) {
        if (!replica.lost) waiting.reject(error);
        else if (waiting.retried) waiting.reject(unavailable(version, error));
        else queue.retry(waiting);
      }
    }
  }

  return {
    replica,
    facts,
    pump,
    get busy() {
      return busy;
    },
    async stop() {
      stopped = true;
      await busy;
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
