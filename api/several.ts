import { setTimeout } from 'node:timers/promises';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';
import type { PredictProduct } from '../models/runtime/jobs.ts';
import type { Answer, Ask, AskOptions } from './answering.ts';
import type { Guard } from './authentication.ts';
import type { Weighed } from './in-order.ts';
import type { Intake } from './intake.ts';

/** What the routes that predict share. */
export interface Predicting {
  readonly guard: Guard;
  readonly intake: Intake;
  readonly ask: Ask;
}

/**
 * So many products of one request are with the model at a time: a share of its queue, so that whoever sends many
 * does not shut out those who send one.
 */
export function shareOf(maxQueue: number): number {
  return Math.max(1, Math.floor(maxQueue / 8));
}

/** How long one product of several waits while the queue is full: a single one is refused at once. */
const PATIENCE_MS = 10_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/**
 * Asks for one product of several. Where one alone would be told that the queue is full, this waits its turn
 * for a while.
 * @throws EtiquetteError those of `Ask`
 */
export async function askPatiently(
  ask: Ask,
  product: PredictProduct,
  { signal, draw }: AskOptions,
): Promise<Answer> {
  let waited = 0;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await ask(product, { signal, draw });
    } catch (error) {
      const busy = isEtiquetteError(error) && error.code === 'SERVING_BUSY';
      if (!busy || waited + wait > PATIENCE_MS) throw error;
      // An abort is told by the next try.
      await setTimeout(wait, undefined, { signal }).catch(() => {});
      waited += wait;
    }
  }
}

export function busy(): EtiquetteError {
  return new EtiquetteError(
    'SERVING_BUSY',
    'Too many predictions are waiting already. Try again in a moment.',
    {
      retryable: true,
    },
  );
}

/** Things that are there already, as `inOrder` takes them. */
export async function* each<T>(things: readonly T[]): AsyncGenerator<Weighed<T>> {
  for (const input of things) yield { input, weight: 1 };
}
