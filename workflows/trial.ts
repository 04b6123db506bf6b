import { ApplicationFailure, CancellationScope, setCurrentDetails, sleep } from '@temporalio/workflow';
import { type Observed, type RolloutRule, reasonToGoBack } from '../models/evaluation/rollout.ts';
import type { TrialRecord } from '../temporal/contracts.ts';
import { pipelineActivities } from './activities.ts';

/** A trial is looked at so often: a history of any length stays short, and a bad bundle does not stay long. */
const LOOKS = 30;
const SHORTEST_SECONDS = 1;
/** What an API process adds before it ends a trial that nobody looks at any more. */
const ORPHANED_AFTER_SECONDS = 300;

/**
 * Tries a bundle on a share of the requests for as long as the rule says.
 * @throws ApplicationFailure BUNDLE_TRIAL_FAILED, with the reason, once something speaks against it. However this
 *   ends but well, the champion answers everything again.
 */
export async function tryOut(
  version: string,
  kind: 'shadow' | 'canary',
  rule: RolloutRule,
  taskQueue: string,
): Promise<TrialRecord> {
  const seconds = kind === 'shadow' ? rule.shadowSeconds : rule.canarySeconds;
  const { tryBundle, endTrial } = pipelineActivities({ pipeline: taskQueue, training: taskQueue });
  const plan = { version, kind, share: rule.share, seconds: seconds + ORPHANED_AFTER_SECONDS };
  try {
    let seen = await tryBundle(plan);
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      const step = Math.min(Math.max(seconds / LOOKS, SHORTEST_SECONDS) * 1000, end - Date.now());
      await sleep(step);
      seen = await tryBundle(plan);
      setCurrentDetails(describe(version, kind, seen, Math.max(0, end - Date.now())));
      const reason = reasonToGoBack(seen, rule);
      if (reason) {
        throw ApplicationFailure.nonRetryable(
          `The bundle was tried (${kind}) and went back: ${reason}`,
          'BUNDLE_TRIAL_FAILED',
        );
      }
    }
    return { kind, seconds, ...seen };
  } catch (error) {
    await CancellationScope.nonCancellable(() => endTrial());
    throw error;
  }
}

function describe(version: string, kind: string, seen: Observed, left: number): string {
  const figure = (value: number | null) => (value === null ? '–' : `${value.toFixed(0)} ms`);
  return [
    `**${kind}** of \`${version}\`, ${Math.ceil(left / 1000)} s left`,
    '',
    `- answered: ${seen.answered}, failed: ${seen.failed}, other code than the champion: ${seen.disagreed}`,
    `- 95th percentile: ${figure(seen.milliseconds)} (champion ${figure(seen.championMilliseconds)})`,
  ].join('\n');
}
