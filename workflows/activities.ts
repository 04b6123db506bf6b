import { ActivityCancellationType, proxyActivities, type RetryPolicy } from '@temporalio/workflow';
import type { PipelineActivities, TrainingActivities } from '../activities/index.ts';

/**
 * Infrastructure failures are tried again with back-off, about an hour in all; business failures are thrown
 * as non-retryable by the activities themselves.
 */
const retry: RetryPolicy = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '5m',
  maximumAttempts: 15,
};

/** Cancelling waits until the child process has stopped and its last checkpoint is on disk. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** A worker that is gone is noticed after this long, and its stage goes on elsewhere from its checkpoint. */
const heartbeatTimeout = '15s';

export interface TaskQueues {
  readonly pipeline: string;
  readonly training: string;
}

export const pipelineActivities = (queues: TaskQueues) =>
  proxyActivities<PipelineActivities>({
    taskQueue: queues.pipeline,
    startToCloseTimeout: '12h',
    heartbeatTimeout,
    cancellationType,
    retry,
  });

/** `summary` is what the Web UI shows beside the activity's name. */
export const trainingActivities = (queues: TaskQueues, summary?: string) =>
  proxyActivities<TrainingActivities>({
    taskQueue: queues.training,
    ...(summary === undefined ? {} : { summary }),
    startToCloseTimeout: '24h',
    heartbeatTimeout,
    cancellationType,
    retry,
  });
