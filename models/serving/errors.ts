import { EtiquetteError, isEtiquetteError } from '../../errors.ts';

export function noModel(): EtiquetteError {
  return new EtiquetteError(
    'NO_MODEL',
    'No bundle is loaded yet: the first one is still being trained, deployed or loaded. Try again in a moment.',
    { retryable: true },
  );
}

export function closed(): EtiquetteError {
  return new EtiquetteError('SERVING_CLOSED', 'The service is stopping. Try again in a moment.', {
    retryable: true,
  });
}

export function unavailable(version: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(
    'SERVING_UNAVAILABLE',
    `The process that holds bundle ${version} failed and is being replaced. Try again in a moment.`,
    { retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}

export function bundleUnknown(version: string): EtiquetteError {
  return new EtiquetteError(
    'BUNDLE_UNKNOWN',
    `There is no bundle "${version}". "npm run models" lists those there are.`,
  );
}

/** Why a bundle cannot be loaded: its own coded problem, or BUNDLE_LOAD_FAILED, retryable when a process died or hung. */
export function loadFailure(version: string, error: unknown): EtiquetteError {
  if (isEtiquetteError(error) && error.code.startsWith('BUNDLE_')) return error;
  const passing =
    error instanceof Error &&
    (error.name === 'TimeoutError' || (isEtiquetteError(error) && error.code === 'ML_PROCESS_DIED'));
  return new EtiquetteError(
    'BUNDLE_LOAD_FAILED',
    `Bundle ${version} could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
    { retryable: passing, cause: error },
  );
}
