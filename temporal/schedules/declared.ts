import { type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { WORKFLOWS } from '../contracts.ts';

/** `off` in place of a cron expression: there is no such schedule. */
export interface ScheduleSettings {
  readonly RETRAIN_SCHEDULE: string;
  readonly WATCH_SCHEDULE: string;
  readonly PRUNE_SCHEDULE: string;
  /** IANA name: the clock that the expressions are read by. */
  readonly SCHEDULE_TIME_ZONE: string;
  readonly PIPELINE_TASK_QUEUE: string;
}

/** How the project's own schedules are told from those that people make. Temporal lets it be set once, at creation. */
export const MARK = { declaredBy: 'etiquette', documentation: 'docs/schedules.md' } as const;

/** As Temporal's client takes it; everything that must not be left to a default is there. */
export type DeclaredSchedule = ScheduleOptions &
  Required<Pick<ScheduleOptions, 'policies'>> & {
    /** The variable that says when. */
    readonly variable: keyof ScheduleSettings;
    /** What it does, in the words that the Web UI and commands show. */
    readonly state: { readonly note: string };
  };

/** What this project does by itself; docs/decisions/schedules.md says why so. */
export function declareSchedules(settings: ScheduleSettings): DeclaredSchedule[] {
  const { PIPELINE_TASK_QUEUE: taskQueue, SCHEDULE_TIME_ZONE: timezone } = settings;
  const when = (variable: DeclaredSchedule['variable'], jitter: '5m' | '15m') => ({
    variable,
    spec: { cronExpressions: [settings[variable]], timezone, jitter },
  });
  // One that hangs must not keep the next from running. A training takes as long as it takes: its stages have bounds.
  const start = (
    id: string,
    type: string,
    staticSummary: string,
    workflowExecutionTimeout?: '1h' | '1d',
  ) => ({
    scheduleId: id,
    action: {
      ...{ type: 'startWorkflow' as const, workflowType: type, workflowId: id, taskQueue, args: [{}] },
      ...{ staticSummary, memo: { by: `schedule ${id}` } },
      ...(workflowExecutionTimeout ? { workflowExecutionTimeout } : {}),
    },
  });
  const all: DeclaredSchedule[] = [
    {
      ...start('retrain', WORKFLOWS.retrain, 'Trains the champion again, with the corrections since'),
      ...when('RETRAIN_SCHEDULE', '15m'),
      // What is asked for while one goes on may be about corrections that it has not seen: it is done after it.
      policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: '1d', pauseOnFailure: true },
      state: {
        note: 'Trains the champion again on its catalogue, with the corrections since. The gate decides whether the result serves.',
      },
    },
    {
      ...start(
        'watch-drift',
        WORKFLOWS.watchDrift,
        'Compares the latest predictions with the champion’s training data',
        '1h',
      ),
      ...when('WATCH_SCHEDULE', '5m'),
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1h', pauseOnFailure: false },
      state: {
        note: 'Compares the latest predictions with what the champion was trained on; tells of drift, and retrains when it is great.',
      },
    },
    {
      ...start(
        'prune',
        WORKFLOWS.prune,
        'Deletes old bundles, stages and features that nothing refers to',
        '1d',
      ),
      ...when('PRUNE_SCHEDULE', '15m'),
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '6h', pauseOnFailure: false },
      state: { note: 'Deletes old bundles, stages and features that nothing refers to.' },
    },
  ];
  return all.filter(({ variable }) => settings[variable] !== 'off');
}
