import { patched, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { DeployModelResult, TrialRecord } from '../temporal/contracts.ts';
import { type DeployModelInput, deployModelInput } from '../temporal/inputs.ts';
import { pipelineActivities } from './activities.ts';
import { isTrialFailed, readable, reasonIn } from './failure.ts';
import { parseInput } from './input.ts';
import { collectNotices } from './notify.ts';
import { pruneQuietly } from './prune.ts';
import { tryOut } from './trial.ts';

/** Makes any bundle of the store serve, or goes back one step. The old one serves until the new one has proved itself. */
export async function deployModel(input: DeployModelInput = {}): Promise<DeployModelResult> {
  const { version: asked, rollback, rollout, by, reason } = parseInput(deployModelInput, input);
  const { taskQueue } = workflowInfo();
  const notices = collectNotices();
  const { chooseBundle, deploy } = pipelineActivities({ pipeline: taskQueue, training: taskQueue });
  try {
    const { version } = await chooseBundle({ version: asked ?? null });
    upsertSearchAttributes({ EtiquetteBundle: [version] });
    const trials: TrialRecord[] = [];
    // Going back is for emergencies, and to what has served before.
    if (!rollback) {
      if (rollout.shadowSeconds > 0) trials.push(await tryOut(version, 'shadow', rollout, taskQueue));
      if (rollout.canarySeconds > 0) trials.push(await tryOut(version, 'canary', rollout, taskQueue));
    }
    const deployed = await deploy({ version, rollback, by, reason });
    if (rollback) {
      const { replaced: wentBack } = deployed;
      notices.tell({
        type: 'deployment.rolled_back',
        data: { automatic: false, wentBack, serves: version, by, reason },
      });
    }
    if (patched('prune')) await pruneQuietly(taskQueue);
    await notices.finish();
    return { ...deployed, trials };
  } catch (error) {
    if (isTrialFailed(error)) {
      const data = { automatic: true, wentBack: asked ?? null, serves: null, by, reason: reasonIn(error) };
      notices.tell({ type: 'deployment.rolled_back', data });
      await notices.finish();
    }
    throw readable('deploy', error);
  }
}
