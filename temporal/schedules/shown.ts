import { type ScheduleClient, type ScheduleDescription, ScheduleNotFoundError } from '@temporalio/client';
import { isOwn } from './apply.ts';
import type { DeclaredSchedule } from './declared.ts';

/** A schedule as commands show it. Times are ISO 8601. */
export interface ShownSchedule {
  readonly name: string;
  /** The cron expression that is declared; null for one that a person made in the place of the project's. */
  readonly cron: string | null;
  readonly timeZone: string;
  /** false: it is declared, but Temporal does not have it. */
  readonly applied: boolean;
  readonly paused: boolean;
  /** What it does, or why it is paused. */
  readonly note: string;
  readonly workflow: string;
  readonly overlap: ScheduleDescription['policies']['overlap'] | null;
  /** The next times; while it is paused, when it would run. */
  readonly next: readonly string[];
  /** Newest first. */
  readonly last: readonly { readonly at: string; readonly workflowId: string; readonly runId: string }[];
  readonly running: readonly string[];
  readonly taken: number;
  /** Left out since one was running. */
  readonly skipped: number;
  /** Left out since nothing ran for longer than the catch-up window. */
  readonly missed: number;
}

/** Every declared schedule, as it is on the server. */
export function showSchedules(
  schedules: ScheduleClient,
  declared: readonly DeclaredSchedule[],
): Promise<ShownSchedule[]> {
  return Promise.all(declared.map((one) => show(schedules, one)));
}

async function show(schedules: ScheduleClient, declared: DeclaredSchedule): Promise<ShownSchedule> {
  const { scheduleId: name, spec, action, state } = declared;
  const cron = spec.cronExpressions?.[0] ?? null;
  const timeZone = spec.timezone ?? 'UTC';
  const workflow = `${action.workflowType}`;
  try {
    const found = await schedules.getHandle(name).describe();
    const { info } = found;
    return {
      name,
      cron: isOwn(found.memo) ? cron : null,
      timeZone: found.spec.timezone ?? 'UTC',
      applied: true,
      paused: found.state.paused,
      note: found.state.note ?? '',
      workflow: found.action.workflowType,
      overlap: found.policies.overlap,
      next: info.nextActionTimes.map((time) => time.toISOString()),
      last: info.recentActions.toReversed().map(({ takenAt, action: { workflow: run } }) => ({
        ...{ at: takenAt.toISOString(), workflowId: run.workflowId, runId: run.firstExecutionRunId },
      })),
      running: info.runningActions.map((running) => running.workflow.workflowId),
      taken: info.numActionsTaken,
      skipped: info.numActionsSkippedOverlap,
      missed: info.numActionsMissedCatchupWindow,
    };
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    const nothing = { next: [], last: [], running: [], taken: 0, skipped: 0, missed: 0 };
    const { note } = state;
    return { name, cron, timeZone, applied: false, paused: false, note, workflow, overlap: null, ...nothing };
  }
}
