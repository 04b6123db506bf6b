import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { isEtiquetteError } from '../errors.ts';
import { applySchedules } from '../temporal/schedules/apply.ts';
import { declareSchedules, type ScheduleSettings } from '../temporal/schedules/declared.ts';

const ATTEMPTS = 5;
const ANSWER_WITHIN_MS = 5_000;

/**
 * Makes Temporal's schedules those that the code declares. A worker without them is still worth having, so what keeps
 * it from that is tried again for some seconds, then told.
 */
export async function keepSchedules(
  connection: NativeConnection,
  settings: ScheduleSettings & { readonly TEMPORAL_NAMESPACE: string },
  log: Logger,
): Promise<void> {
  const client = new Client({ connection, namespace: settings.TEMPORAL_NAMESPACE });
  const apply = () => applySchedules(client.schedule, declareSchedules(settings));
  for (let attempt = 1; ; attempt++) {
    try {
      const { foreign, ...applied } = await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, apply);
      log.info(applied, 'schedules applied');
      if (foreign.length > 0)
        log.warn({ foreign }, 'not this project’s own schedules of these names: left alone');
      return;
    } catch (error) {
      const hopeless = isEtiquetteError(error) && !error.retryable;
      if (hopeless || attempt === ATTEMPTS) {
        log.warn({ error }, 'schedules not applied: npm run schedules -- apply tries again');
        return;
      }
      await pause(250 * 2 ** attempt);
    }
  }
}
