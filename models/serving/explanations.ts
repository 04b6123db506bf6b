import { EtiquetteError } from '../../errors.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { ExplainInput } from '../runtime/jobs.ts';
import { createQueue, type Waiting } from './queue.ts';
import { type Replica, unavailable } from './replica.ts';

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
  /** Whether there is a slice to do. */
  readonly pending: boolean;
  /** How many wait or are being done. */
  readonly size: number;
  /** Does the next slice. It never rejects. */
  slice(replica: Replica): Promise<void>;
  /** Gives up all there are. */
  close(reason: EtiquetteError): void;
}

export function createExplanations({
  deadlineMs,
  sliceTimeoutMs,
}: {
  readonly deadlineMs: number;
  readonly sliceTimeoutMs: number;
}): Explanations {
  const queue = createQueue<ExplainInput, Explained>({ limit: MAX_EXPLANATIONS, deadlineMs, busy });
  let current: Waiting<ExplainInput, Explained> | undefined;
  /** The process that holds the half-done explanation; another one must begin anew. */
  let begunIn: Replica | undefined;

  async function next(replica: Replica, going: Waiting<ExplainInput, Explained>): Promise<void> {
    const { version } = replica.bundle;
    const goesOn = begunIn === replica && !replica.lost;
    if (begunIn && !goesOn) {
      // Once: it may be what kills the process.
      if (going.retried) return going.reject(unavailable(version));
      going.retried = true;
    }
    begunIn = replica;
    try {
      const explanation = await replica.explain(
        goesOn ? null : going.input,
        AbortSignal.timeout(sliceTimeoutMs),
      );
      if (explanation) going.resolve({ version, explanation });
    } catch (error) {
      if (!replica.lost) going.reject(error);
    }
  }

  return {
    add: (input, signal) => queue.add(input, signal),
    get pending() {
      return queue.size > 0 || current?.settled === false;
    },
    get size() {
      return queue.size + (current?.settled === false ? 1 : 0);
    },
    async slice(replica) {
      if (current?.settled !== false) {
        current = queue.take(1)[0];
        begunIn = undefined;
      }
      if (current) await next(replica, current);
    },
    close(reason) {
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
