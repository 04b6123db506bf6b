import { isEtiquetteError } from '../../errors.ts';
import { topClass } from '../evaluation/rows.ts';
import type { PredictProduct } from '../runtime/jobs.ts';
import { type BatchOptions, createLane, type Prediction } from './lane.ts';
import type { Pool } from './pool.ts';
import { createQueue } from './queue.ts';

/** How a bundle is tried on real requests before it serves. */
export interface TrialPlan {
  readonly version: string;
  /** shadow: it answers too, and nobody sees its answers. canary: its answers are given. */
  readonly kind: 'shadow' | 'canary';
  /** Of the requests, 0..1. */
  readonly share: number;
  /** After so long it ends by itself, whatever became of the one who watches it. */
  readonly seconds: number;
}

/** What was seen so far. */
export interface TrialState extends TrialPlan {
  readonly answered: number;
  /** Died, hung, too slow or no answer; the champion answered instead. */
  readonly failed: number;
  /** Shadow: answers whose code is another than the champion's. */
  readonly disagreed: number;
  /** 95th percentiles of the newest answers, from request to answer; null before the first. */
  readonly milliseconds: number | null;
  readonly championMilliseconds: number | null;
}

export interface TrialOptions extends BatchOptions {
  readonly plan: TrialPlan;
  readonly pool: Pool;
  readonly maxQueue: number;
  /** A request that the trial has not answered by then goes to the champion. */
  readonly patienceMs: number;
}

type Champion = (product: PredictProduct, signal?: AbortSignal) => Promise<Prediction>;

export interface Trial {
  readonly state: TrialState;
  /** Answers a request, by this bundle or by the champion. What goes wrong here, the client never sees. */
  predict(
    product: PredictProduct,
    options: { readonly signal?: AbortSignal; readonly draw: number; readonly champion: Champion },
  ): Promise<Prediction>;
  /** Resolves when what it was asked is answered. */
  idle(): Promise<void>;
}

/** After so many failures one after the other nobody is made to wait for this bundle any more. */
const GIVES_UP_AFTER = 3;

/** Latencies of so many answers tell the 95th percentile. */
const REMEMBERED = 1_000;

export function createTrial(options: TrialOptions): Trial {
  const { plan, maxQueue, patienceMs } = options;
  const queue = createQueue<PredictProduct, Prediction>({
    limit: maxQueue,
    deadlineMs: patienceMs,
    wake: () => lane.pump(),
  });
  const lane = createLane({ ...options, queue });
  const times: number[] = [];
  const championTimes: number[] = [];
  let answered = 0;
  let failed = 0;
  let disagreed = 0;
  let inARow = 0;

  /** The trial's answer; null when it has none. The product's own problem and a client that left are no failures. */
  async function attempt(product: PredictProduct, signal?: AbortSignal): Promise<Prediction | null> {
    if (inARow >= GIVES_UP_AFTER) return null;
    const from = performance.now();
    try {
      const prediction = await queue.add(product, signal);
      answered += 1;
      inARow = 0;
      remember(times, performance.now() - from);
      return prediction;
    } catch (error) {
      if (signal?.aborted || isProductProblem(error)) throw error;
      failed += 1;
      inARow += 1;
      return null;
    }
  }

  async function timed(champion: Promise<Prediction>): Promise<Prediction> {
    const from = performance.now();
    const prediction = await champion;
    remember(championTimes, performance.now() - from);
    return prediction;
  }

  async function compare(product: PredictProduct, served: Prediction): Promise<void> {
    const shadow = await attempt(product);
    if (shadow && codeOf(shadow) !== codeOf(served)) disagreed += 1;
  }

  return {
    idle: queue.idle,
    get state() {
      return {
        ...plan,
        answered,
        failed,
        disagreed,
        milliseconds: percentile(times),
        championMilliseconds: percentile(championTimes),
      };
    },
    async predict(product, { signal, draw, champion }) {
      if (draw >= plan.share) return timed(champion(product, signal));
      if (plan.kind === 'canary') {
        return (await attempt(product, signal)) ?? champion(product, signal);
      }
      const served = await timed(champion(product, signal));
      // A shadow that does not keep up must not hold up those who are answered: it just sees less.
      if (queue.size < maxQueue) compare(product, served).catch(() => {});
      return served;
    },
  };
}

function isProductProblem(error: unknown): boolean {
  return isEtiquetteError(error) && error.code.startsWith('PICTURE_');
}

function codeOf({ probabilities, labels }: Prediction): number | undefined {
  return labels[topClass(probabilities, 0)];
}

function remember(times: number[], milliseconds: number): void {
  if (times.length === REMEMBERED) times.shift();
  times.push(milliseconds);
}

function percentile(times: readonly number[]): number | null {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(0.95 * sorted.length)] ?? null;
}
