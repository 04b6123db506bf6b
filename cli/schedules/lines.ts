import type { ShownSchedule } from '../../temporal/schedules/shown.ts';

/** Schedules for people; times by the clock of their own time zone. */
export function scheduleLines(schedules: readonly ShownSchedule[]): string[] {
  if (schedules.length === 0) return ['Nothing runs by itself: all schedules are off.'];
  return schedules.flatMap((schedule) => {
    const { name, cron, timeZone, note, last, running, taken, skipped, missed } = schedule;
    const at = (time: string | undefined) => (time === undefined ? 'never' : clock(time, timeZone));
    const counts = `${taken} started, ${skipped} left out while one went on, ${missed} missed`;
    return [
      `${name}  ${cron ?? 'not this project’s own'} (${timeZone})`,
      `  ${note}`,
      ...(schedule.applied
        ? [`  next  ${nextRun(schedule)}`, `  last  ${at(last[0]?.at)}   (${counts})`]
        : notApplied),
      ...running.map((workflowId) => `  going on: ${workflowId}`),
      '',
    ];
  });
}

const notApplied = [
  '  not applied yet: the pipeline worker does so when it starts, or npm run schedules -- apply',
];

/** When it runs next, or why it does not. */
export function nextRun({ name, applied, paused, next, timeZone }: ShownSchedule): string {
  if (!applied) return 'not applied yet';
  if (paused) return `paused: npm run schedules -- resume ${name}`;
  return next[0] === undefined ? 'never' : clock(next[0], timeZone);
}

function clock(time: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', timeZone, timeZoneName: 'short' },
  } as const);
  return format.format(new Date(time));
}
