import { type Client, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { EtiquetteError } from '../../errors.ts';
import type { DeclaredSchedule } from './declared.ts';

/** More at once is a slip of the keyboard: an hour's schedule has 8,760 times in a year. */
export const MOST_BACKFILLED = 100;

/** What people do with one schedule. Everything throws EtiquetteError SCHEDULE_UNKNOWN. */
export interface ScheduleControl {
  pause(why: string): Promise<void>;
  /** Times that passed meanwhile are not caught up. */
  resume(): Promise<void>;
  /** Runs it now, by its own rule of overlap. @returns what becomes of it: Temporal starts it a moment later */
  trigger(): Promise<'starts' | 'waits' | 'skipped'>;
  /**
   * Runs it for every time in a period, one after the other.
   * @returns how many
   * @throws EtiquetteError BACKFILL_INVALID when that is none, or more than MOST_BACKFILLED
   */
  backfill(from: Date, to: Date): Promise<number>;
}

export function controlSchedule(client: Client, { scheduleId, state }: DeclaredSchedule): ScheduleControl {
  const handle = client.schedule.getHandle(scheduleId);
  const known = <T>(asked: Promise<T>): Promise<T> =>
    asked.catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      const message = `Temporal has no schedule ${scheduleId} yet: npm run schedules -- apply.`;
      throw new EtiquetteError('SCHEDULE_UNKNOWN', message, { cause: error });
    });
  return {
    pause: (why) => known(handle.pause(why)),
    resume: () => known(handle.unpause(state.note)),
    async trigger() {
      const { policies, info } = await known(handle.describe());
      // Left out, the client lets two go on at once.
      await handle.trigger(policies.overlap);
      if (info.runningActions.length === 0) return 'starts';
      return policies.overlap === ScheduleOverlapPolicy.SKIP ? 'skipped' : 'waits';
    },
    async backfill(from, to) {
      await known(handle.describe());
      const count = await timesBetween(client, scheduleId, from, to);
      if (count === 0 || count > MOST_BACKFILLED) {
        const period = `from ${from.toISOString()} to ${to.toISOString()}`;
        const message = `The schedule ${scheduleId} has ${count} times ${period}: there must be 1 to ${MOST_BACKFILLED}.`;
        throw new EtiquetteError('BACKFILL_INVALID', message);
      }
      await handle.backfill({ start: from, end: to, overlap: ScheduleOverlapPolicy.BUFFER_ALL });
      return count;
    },
  };
}

async function timesBetween({ workflowService, options }: Client, scheduleId: string, from: Date, to: Date) {
  const { startTime } = await workflowService.listScheduleMatchingTimes({
    namespace: options.namespace,
    scheduleId,
    startTime: msNumberToTs(from.getTime()),
    endTime: msNumberToTs(to.getTime()),
  });
  return startTime.length;
}
