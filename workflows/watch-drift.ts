import {
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import { LEVELS } from '../models/drift/statistic.ts';
import type { DriftRetraining, WatchDriftResult } from '../temporal/contracts.ts';
import { readable } from './failure.ts';
import { collectNotices } from './notify.ts';

/** Ten minutes at most: an hour later there is another check. */
const watching = (taskQueue: string) =>
  proxyActivities<Pick<PipelineActivities, 'checkDrift' | 'retrainForDrift'>>({
    taskQueue,
    startToCloseTimeout: '5m',
    scheduleToCloseTimeout: '10m',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 8 },
  });

/** Looks whether the stream of products is still what the champion learnt, and trains when it is so no more. */
export async function watchDrift(): Promise<WatchDriftResult> {
  const { checkDrift, retrainForDrift } = watching(workflowInfo().taskQueue);
  try {
    const check = await checkDrift();
    const { bundle, since, level, reason } = check;
    upsertSearchAttributes({
      EtiquetteDriftLevel: [level ?? 'unjudged'],
      ...(bundle === null ? {} : { EtiquetteBundle: [bundle] }),
    });
    let retraining: DriftRetraining | null = null;
    if (level === 'retrain' && bundle !== null && since !== null) {
      try {
        retraining = await retrainForDrift({ bundle, since, reason });
      } catch (error) {
        // The next check finds it no worse than this one: who is not told now is never told.
        await tell({ ...check, retraining });
        throw error;
      }
    }
    const result: WatchDriftResult = { ...check, retraining };
    setCurrentDetails(describe(result));
    await tell(result);
    return result;
  } catch (error) {
    throw readable('watch', error);
  }
}

/** People are told once of a change that lasts, and of every training for it. */
async function tell({
  bundle,
  level,
  before,
  reason,
  directory,
  retraining,
}: WatchDriftResult): Promise<void> {
  if (bundle === null || (level !== 'alert' && level !== 'retrain')) return;
  const run = retraining?.run ?? null;
  const isWorse = LEVELS.indexOf(level) > LEVELS.indexOf(before ?? 'ok');
  if (!isWorse && run === null) return;
  const notices = collectNotices();
  notices.tell({
    type: 'drift.detected',
    data: { level, reason, bundle, report: directory, retraining: run?.workflowId ?? null },
  });
  await notices.finish();
}

/** A check as Markdown, for the Web UI's current details. */
function describe({ level, reason, retraining, report, directory }: WatchDriftResult): string {
  const changed = report?.statistics.filter((one) => one.level !== 'ok') ?? [];
  return [
    `**${level ?? 'unjudged'}**: ${reason}`,
    ...(retraining ? ['', retraining.reason] : []),
    ...(changed.length > 0 ? ['', ...changed.map((one) => `- ${one.level}: ${one.inWords.en}`)] : []),
    ...(directory === null ? [] : ['', `Report: \`${directory}\``]),
  ].join('\n');
}
