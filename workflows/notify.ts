import {
  CancellationScope,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import type { SettingsActivities } from '../activities/settings.ts';
import type { Notice, NotifyInput } from '../temporal/notices.ts';
import { readable, reasonIn } from './failure.ts';

/** A run waits so long for its last notice to arrive; the notice itself goes on without it. */
const RUN_WAITS = '20s';

const { settings } = proxyLocalActivities<SettingsActivities>({ startToCloseTimeout: '10s' });

/** A receiver that is down for the night hears of it in the morning; after 15 hours it does not any more. */
const { notify: post } = proxyActivities<Pick<PipelineActivities, 'notify'>>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumInterval: '1h', maximumAttempts: 22 },
});

/** Delivers one notice to NOTIFY_URL. */
export async function notify(input: NotifyInput): Promise<{ status: number }> {
  try {
    return await post(input);
  } catch (error) {
    throw readable('notify', error);
  }
}

/** What a run tells people. It neither waits for that nor fails of it. */
export interface Notices {
  /** @param mlflow - the run's page there */
  tell(notice: Notice, mlflow?: string | null): void;
  /** Waits for what was told, some seconds at most. @returns what has not arrived, for people */
  finish(): Promise<string[]>;
}

/** Each notice is a workflow of its own, which outlives the run: a run that is over need not wait for a receiver. */
export function collectNotices(): Notices {
  const telling: Promise<string[]>[] = [];
  return {
    tell(notice, mlflow = null) {
      if (!patched('notify')) return;
      // A run that was cancelled tells of it all the same.
      telling.push(CancellationScope.nonCancellable(() => tell(notice, mlflow)));
    },
    async finish() {
      const problems = (await Promise.all(telling)).flat();
      for (const problem of problems) log.warn(problem);
      return problems;
    },
  };
}

async function tell(notice: Notice, mlflow: string | null): Promise<string[]> {
  try {
    const at = new Date().toISOString();
    const { notify: on = false } = await settings();
    if (!on) return [];
    const { workflowId, runId } = workflowInfo();
    const id = uuid4();
    const child = await startChild(notify, {
      workflowId: `notify-${id}`,
      args: [{ id, at, notice, run: { workflowId, runId }, mlflow }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Tells people: ${notice.type}`,
    });
    const arrived = child.result().then(() => true);
    if (await Promise.race([arrived, sleep(RUN_WAITS)])) return [];
    return [
      `The notification ${notice.type} has not arrived yet: the workflow ${child.workflowId} tries on for some hours.`,
    ];
  } catch (error) {
    return [`The notification ${notice.type} was not delivered: ${reasonIn(error)}`];
  }
}
