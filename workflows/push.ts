import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import type { Pushed } from '../activities/push.ts';
import { reasonIn } from './failure.ts';

type PushActivities = Pick<PipelineActivities, 'pushDataset' | 'pushBundle' | 'pushPredictions'>;

/** A remote that is away for a minute is waited for; one that is away for longer gets its files later. */
export const pushActivities = (taskQueue: string) =>
  proxyActivities<PushActivities>({
    taskQueue,
    startToCloseTimeout: '6h',
    heartbeatTimeout: '15s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 6 },
  });

/** Pushes run beside a run's stages and never fail it. */
export interface Pushes {
  start(what: string, work: () => Promise<Pushed>): void;
  /** Waits for those under way. @returns why some did not arrive, for people */
  finish(): Promise<string[]>;
}

export function collectPushes(): Pushes {
  const pushes: Promise<string[]>[] = [];
  return {
    start(what, work) {
      const later = 'It waits on this machine: the next run sends it, or npm run data -- push.';
      pushes.push(
        work().then(
          () => [],
          (error) => [`The ${what} was not pushed: ${reasonIn(error)} ${later}`],
        ),
      );
    },
    finish: async () => (await Promise.all(pushes)).flat(),
  };
}
