import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  isCancellation,
} from '@temporalio/workflow';

/** Brings the reason to the top, where the Web UI and commands show it: «validate: 12 rows have no code». */
export function readable(stage: string, error: unknown): unknown {
  if (isCancellation(error)) return error;
  const cause = causeOf(error);
  if (!(cause instanceof ApplicationFailure)) {
    return ApplicationFailure.nonRetryable(`${stage}: ${reasonIn(error)}`, 'STAGE_FAILED');
  }
  return ApplicationFailure.create({
    message: `${stage}: ${cause.message}`,
    type: cause.type ?? 'STAGE_FAILED',
    nonRetryable: true,
    details: cause.details ?? [],
  });
}

/** Why an activity or a child workflow failed, in the words of what failed. */
export function reasonIn(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message : String(cause);
}

/** Its code, as docs/errors.md lists it. */
export function codeOf(error: unknown): string {
  if (isCancellation(error)) return 'CANCELLED';
  const cause = causeOf(error);
  return (cause instanceof ApplicationFailure && cause.type) || 'STAGE_FAILED';
}

/** A bundle went back from its trial: its own fault, not the machines'. */
export function isTrialFailed(error: unknown): boolean {
  return codeOf(error) === 'BUNDLE_TRIAL_FAILED';
}

/** The error inside the failure of an activity or a child workflow. */
export function causeOf(error: unknown): unknown {
  let cause = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause) {
    cause = cause.cause;
  }
  return cause;
}
