import type { Logger } from 'pino';
import { isEtiquetteError } from '../errors.ts';

/** Why one product of several has no answer. The others have theirs. */
export interface ItemError {
  readonly error: { readonly code: string; readonly detail: unknown };
}

/** @throws what ends the whole request: nobody is there to read the rest */
export function itemError(error: unknown, log: Logger, requestId: string): ItemError {
  if (!isEtiquetteError(error)) {
    log.error({ requestId, err: error }, 'unexpected error');
    return { error: { code: 'INTERNAL', detail: 'Internal Server Error' } };
  }
  if (error.code === 'CLIENT_GONE') throw error;
  return { error: { code: error.code, detail: error.details.problems ?? error.message } };
}
