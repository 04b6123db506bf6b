import { EtiquetteError } from '../errors.ts';

/** What the service answers; CLIENT_GONE where it failed because nobody waits for it any more. */
export async function unlessClientGone<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new EtiquetteError('CLIENT_GONE', 'The client closed the connection before the answer was there.');
  }
}
