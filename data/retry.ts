import { setTimeout as wait } from 'node:timers/promises';
import { isEtiquetteError } from '../errors.ts';

export interface Retry {
  /** Tries in a row that bring nothing new. */
  readonly attempts: number;
  /** Milliseconds before the second try; doubles from then on. */
  readonly firstDelay: number;
  readonly mostDelay: number;
}

export const DEFAULT_RETRY: Retry = { attempts: 6, firstDelay: 500, mostDelay: 30_000 };

/** However much each try brings: a server that cuts every connection is not asked for ever. */
const MOST_TRIES = 100;

/**
 * Tries again, with growing and jittered pauses, what failed with a retryable EtiquetteError.
 * `details.retryAfter` (seconds) of the error is a wish of the server's and honoured up to mostDelay.
 * @param progressed tells whether the last try brought something new: the count then starts again
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  {
    retry,
    signal,
    progressed = () => false,
  }: { retry: Retry; signal: AbortSignal | undefined; progressed?: () => boolean },
): Promise<T> {
  let fruitless = 0;
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!isEtiquetteError(error) || !error.retryable) throw error;
      fruitless = progressed() ? 1 : fruitless + 1;
      if (fruitless >= retry.attempts || tries >= MOST_TRIES) throw error;
      const backOff = Math.min(retry.mostDelay, retry.firstDelay * 2 ** (fruitless - 1));
      const wish = Number(error.details.retryAfter ?? 0) * 1000;
      const pause = Math.min(retry.mostDelay, Math.max(wish, backOff * (0.5 + Math.random() / 2)));
      await wait(pause, undefined, signal === undefined ? {} : { signal });
    }
  }
}
