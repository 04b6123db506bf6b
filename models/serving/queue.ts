import { EtiquetteError } from '../../errors.ts';

export interface QueueOptions {
  /** How many may wait; those being answered do not count. */
  readonly limit: number;
  readonly deadlineMs: number;
  /** Called whenever something waits that did not before. */
  readonly wake: () => void;
  /** What one more than the limit is told. */
  readonly busy?: (limit: number) => EtiquetteError;
}

/** A request that waits or is being answered. Settling twice does nothing. */
export interface Waiting<In, Out> {
  readonly input: In;
  /** When it came, as `performance.now` counts. */
  readonly since: number;
  /** Its child died under it once already. */
  retried: boolean;
  /** Answered or given up. */
  readonly settled: boolean;
  resolve(output: Out): void;
  reject(error: unknown): void;
}

export interface RequestQueue<In, Out> {
  /**
   * @throws EtiquetteError `busy` (SERVING_BUSY) when the queue is full, SERVING_TIMEOUT when no answer came before
   *   the deadline, or the signal's reason
   */
  add(input: In, signal?: AbortSignal): Promise<Out>;
  /** The next batch, oldest first. One that is retried comes alone: it may be what kills the child. */
  take(most: number): Waiting<In, Out>[];
  /** Puts those that still wait for their answers back in front, in this order; the limit does not count for them. */
  retry(waiting: readonly Waiting<In, Out>[]): void;
  readonly size: number;
  /** When the oldest that waits came; undefined when none does. */
  readonly oldest: number | undefined;
  /** Resolves when no request is without its answer. Each has a deadline, so this ends when no more come. */
  idle(): Promise<void>;
}

export function createQueue<In, Out>({
  limit,
  deadlineMs,
  wake,
  busy = servingBusy,
}: QueueOptions): RequestQueue<In, Out> {
  const queue: Waiting<In, Out>[] = [];
  let open = 0;
  let whenIdle: (() => void)[] = [];
  const remove = (waiting: Waiting<In, Out>) => {
    const place = queue.indexOf(waiting);
    if (place >= 0) queue.splice(place, 1);
  };

  return {
    add(input, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (queue.length >= limit) return Promise.reject(busy(limit));
      return new Promise<Out>((resolve, reject) => {
        let settled = false;
        const leave = () => {
          if (settled) return;
          settled = true;
          open -= 1;
          if (open === 0) {
            for (const done of whenIdle) done();
            whenIdle = [];
          }
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          remove(waiting);
        };
        const waiting: Waiting<In, Out> = {
          input,
          since: performance.now(),
          retried: false,
          get settled() {
            return settled;
          },
          resolve(output) {
            leave();
            resolve(output);
          },
          reject(error) {
            leave();
            reject(error);
          },
        };
        const onAbort = () => waiting.reject(signal?.reason);
        const timer = setTimeout(() => waiting.reject(late(deadlineMs)), deadlineMs);
        signal?.addEventListener('abort', onAbort, { once: true });
        open += 1;
        queue.push(waiting);
        wake();
      });
    },
    take(most) {
      if (queue[0]?.retried) return queue.splice(0, 1);
      const end = queue.findIndex((waiting) => waiting.retried);
      return queue.splice(0, end < 0 ? most : Math.min(most, end));
    },
    retry(waiting) {
      const left = waiting.filter(({ settled }) => !settled);
      for (const one of left) one.retried = true;
      queue.unshift(...left);
      wake();
    },
    get size() {
      return queue.length;
    },
    get oldest() {
      return queue[0]?.since;
    },
    idle: () => (open === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
  };
}

function servingBusy(limit: number): EtiquetteError {
  return new EtiquetteError(
    'SERVING_BUSY',
    `${limit} predictions are waiting already. Try again in a moment.`,
    {
      retryable: true,
    },
  );
}

function late(deadlineMs: number): EtiquetteError {
  return new EtiquetteError(
    'SERVING_TIMEOUT',
    `No answer came within ${deadlineMs / 1000} s: the service is overloaded or its process hangs. Try again later.`,
    { retryable: true },
  );
}
