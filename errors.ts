/**
 * The one error class of the project. `code` is stable and documented in docs/errors.md; `message` says
 * what to do next, in plain words; `retryable` says whether trying again can help without a change by a
 * person (a time-out: yes, a missing column: no).
 */
export class EtiquetteError extends Error {
  override readonly name = 'EtiquetteError';
  readonly code: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

export function isEtiquetteError(error: unknown): error is EtiquetteError {
  return error instanceof Error && error.name === 'EtiquetteError' && 'code' in error;
}
