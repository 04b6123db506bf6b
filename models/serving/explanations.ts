import { EtiquetteError } from '../../errors.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { ExplainInput } from '../runtime/jobs.ts';
import { unavailable } from './errors.ts';
import { createQueue, type QueueOptions, type Waiting } from './queue.ts';
import type { Replica } from './replica.ts';

/** How many explanations may wait: each costs as much as some fifty predictions. */
export const MAX_EXPLANATIONS = 4;

/** An explanation and the bundle that gave it. */
export interface Explained {
  readonly version: string;
  readonly explanation: Explanation;
}

/** One explanation at a time, in slices that are called for when no prediction waits. */
export interface Explanations {
  /** @throws EtiquetteError EXPLAIN_BUSY, SERVING_TIMEOUT, SERVING_UNAVAILABLE, SERVING_CLOSED, or PICTURE_... */
  add(input: ExplainInput, signal?: AbortSignal): Promise<Explained>;
  /** How many wait or are being done. */
  readonly size: number;
  /**
   * The next slice, for a process that has nothing else to do. null: there is none for this one. It never rejects.
   */
  slice(replica: Replica): Promise<void> | null;
  /** Gives up all there are. */
  giveUp(reason: EtiquetteError): void;
}

export function createExplanations({
  deadlineMs,
  wake,
}: Pick<QueueOptions, 'deadlineMs' | 'wake'>): Explanations {
  const queue = createQueue<ExplainInput, Explained>({ limit: MAX_EXPLANATIONS, deadlineMs, wake, busy });
  let current: Waiting<ExplainInput, Explained> | undefined;
  /** The process that holds the half-done explanation; another one must begin anew. */
  let begunIn: Replica | undefined;
  let slicing = false;

  async function next(replica: Replica, going: Waiting<ExplainInput, Explained>): Promise<void> {
    const { version } = replica.bundle;
    const goesOn = begunIn === replica;
    if (begunIn && !goesOn && !begunIn.leaving) {
      // Once: it may be what kills the process.
      if (going.retried) return going.reject(unavailable(version));
      going.retried = true;
    }
    begunIn = replica;
    try {
      const explanation = await replica.explain(goesOn ? null : going.input);
      if (explanation) going.resolve({ version, explanation });
    } catch (error) {
      if (!replica.lost) going.reject(error);
    }
  }

  return {
    add: (input, signal) => queue.add(input, signal),
    get size() {
      return queue.size + (current?.settled === false ? 1 : 0);
    },
    slice(replica) {
      if (slicing) return null;
      if (current?.settled !== false) {
        current = queue.take(1)[0];
        begunIn = undefined;
      }
      // What is half done waits for the process that has it, though another one is free.
      const elsewhere = begunIn && begunIn !== replica && !begunIn.lost && !begunIn.leaving;
      if (!current || elsewhere) return null;
      slicing = true;
      return next(replica, current).finally(() => {
        slicing = false;
        // Another bundle may serve by now: it goes on there.
        wake();
      });
    },
    giveUp(reason) {
      current?.reject(reason);
      for (const waiting of queue.take(MAX_EXPLANATIONS)) waiting.reject(reason);
    },
  };
}

export function busy(): EtiquetteError {
  return new EtiquetteError(
    'EXPLAIN_BUSY',
    `${MAX_EXPLANATIONS} explanations are waiting already. Try again in a moment.`,
    { retryable: true },
  );
}
