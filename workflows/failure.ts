import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  isCancellation,
} from '@temporalio/workflow';

/** Brings the reason to the top, where the Web UI and commands show it: «validate: 12 rows have no code». */
export function readable(stage: string, error: unknown): unknown {
  if (isCancellation(error)) return error;
  let cause = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause) {
    cause = cause.cause;
  }
  if (!(cause instanceof ApplicationFailure)) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return ApplicationFailure.nonRetryable(`${stage}: ${message}`, 'STAGE_FAILED');
  }
  return ApplicationFailure.create({
    message: `${stage}: ${cause.message}`,
    type: cause.type ?? 'STAGE_FAILED',
    nonRetryable: true,
    details: cause.details ?? [],
  });
}
