import { ApplicationFailure, CancelledFailure, type WorkflowFailedError } from '@temporalio/client';

/** The reason in words, with its code. */
export function reasonOf(error: WorkflowFailedError): string {
  const { cause } = error;
  if (cause instanceof CancelledFailure) return 'CANCELLED: The run was cancelled.';
  if (cause instanceof ApplicationFailure) return `${cause.type}: ${cause.message}`;
  return cause?.message ?? error.message;
}
