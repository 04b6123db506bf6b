import { EtiquetteError, isEtiquetteError } from '../../errors.ts';
import type { JobProgress, WorkTimes } from './jobs.ts';

/** What a job map looks like: `Jobs` is one, tests have their own. */
export type JobMap<J> = { [N in keyof J]: { input: unknown; output: unknown } };

/** To the child. It does one job at a time, so `abort` names it only to be deaf to late ones. */
export type ToChild =
  | { readonly type: 'run'; readonly id: number; readonly job: string; readonly input: unknown }
  | { readonly type: 'abort'; readonly id: number };

/** From the child: progress, then exactly one of done and failed. */
export type FromChild =
  | { readonly type: 'progress'; readonly id: number; readonly progress: JobProgress }
  | { readonly type: 'done'; readonly id: number; readonly output: unknown; readonly worked: WorkTimes }
  | { readonly type: 'failed'; readonly id: number; readonly error: PlainError; readonly worked: WorkTimes };

/** An EtiquetteError as it crosses between processes: classes do not survive the way. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Faults of the program: the same code fails in the same way again. */
const PROGRAMMING_ERRORS = [TypeError, ReferenceError, SyntaxError, RangeError];

/** Errors without a code become ML_JOB_FAILED: unforeseen, so that a bounded retry is mostly worth it. */
export function toPlainError(job: string, error: unknown): PlainError {
  if (isEtiquetteError(error)) {
    return { code: error.code, message: error.message, retryable: error.retryable, details: error.details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'ML_JOB_FAILED',
    message: `The ML job ${job} failed unexpectedly: ${message}`,
    retryable: !PROGRAMMING_ERRORS.some((kind) => error instanceof kind),
    details: { job, stack: error instanceof Error ? error.stack : undefined },
  };
}

export function fromPlainError({ code, message, retryable, details }: PlainError): EtiquetteError {
  return new EtiquetteError(code, message, { retryable, details });
}
