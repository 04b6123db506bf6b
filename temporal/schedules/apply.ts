import { createHash } from 'node:crypto';
import {
  ScheduleAlreadyRunning,
  type ScheduleClient,
  type ScheduleDescription,
  ScheduleNotFoundError,
} from '@temporalio/client';
import { EtiquetteError } from '../../errors.ts';
import { canonicalJson } from '../../models/bundle/format.ts';
import { type DeclaredSchedule, MARK } from './declared.ts';

/** Names of schedules, by what became of them. */
export interface Applied {
  readonly created: readonly string[];
  /** The code or the configuration declares them otherwise than before. */
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
  /** This project declared them once, and does no more. */
  readonly removed: readonly string[];
  /** A person made one of that name: it is left alone, and this project's is not there. */
  readonly foreign: readonly string[];
}

/**
 * Makes the server's schedules those that are declared. Any number of processes may do so at once and again. What a
 * person changed since (paused, another time in the Web UI) stays until the declaration itself changes; then only a
 * pause does.
 *
 * A schedule whose declaration is the same is not touched: an update makes Temporal drop what it had still to catch up.
 * @throws EtiquetteError SCHEDULE_INVALID
 */
export async function applySchedules(
  schedules: ScheduleClient,
  declared: readonly DeclaredSchedule[],
): Promise<Applied> {
  const names = { created: [], changed: [], unchanged: [], foreign: [] } as Record<Fate, string[]>;
  for (const one of declared) names[await upsert(schedules, one)].push(one.scheduleId);
  const removed: string[] = [];
  for await (const { scheduleId, memo } of schedules.list()) {
    if (!isOwn(memo) || declared.some((one) => one.scheduleId === scheduleId)) continue;
    await schedules.getHandle(scheduleId).delete().catch(unlessGone);
    removed.push(scheduleId);
  }
  return { ...names, removed };
}

export const isOwn = (memo: ScheduleDescription['memo']): boolean => memo?.declaredBy === MARK.declaredBy;

type Fate = 'created' | 'changed' | 'unchanged' | 'foreign';

async function upsert(schedules: ScheduleClient, declared: DeclaredSchedule): Promise<Fate> {
  const { variable, ...options } = withHash(declared);
  try {
    await schedules.create({ ...options, memo: MARK });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw refused(error, declared);
  }
  const handle = schedules.getHandle(declared.scheduleId);
  const before = await handle.describe();
  if (!isOwn(before.memo)) return 'foreign';
  if (before.action.memo?.declaration === options.action.memo?.declaration) return 'unchanged';
  const { scheduleId, ...changed } = options;
  await handle
    .update(({ state: { paused, note } }) => ({
      ...changed,
      // Why it is paused is worth more than what it does.
      state: { paused, note: paused ? (note ?? '') : declared.state.note },
    }))
    .catch((error: unknown) => {
      throw refused(error, declared);
    });
  return 'changed';
}

/** A schedule's own memo can not be changed: its action's tells from which declaration it is. */
function withHash(declared: DeclaredSchedule): DeclaredSchedule {
  const declaration = createHash('sha256').update(canonicalJson(declared)).digest('hex').slice(0, 16);
  return { ...declared, action: { ...declared.action, memo: { ...declared.action.memo, declaration } } };
}

/** Temporal's client throws a TypeError for what the server can not read. */
function refused(error: unknown, { scheduleId, variable }: DeclaredSchedule): unknown {
  if (!(error instanceof TypeError)) return error;
  const message = `Temporal refuses the schedule ${scheduleId}: ${error.message}. Correct ${variable} or SCHEDULE_TIME_ZONE.`;
  return new EtiquetteError('SCHEDULE_INVALID', message, { cause: error });
}

/** Another process was quicker. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
