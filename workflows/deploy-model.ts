import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { DeployModelResult } from '../temporal/contracts.ts';
import { type DeployModelInput, deployModelInput } from '../temporal/inputs.ts';
import { pipelineActivities } from './activities.ts';
import { readable } from './failure.ts';
import { parseInput } from './input.ts';

/** Makes any bundle of the store serve, or goes back one step. The old one serves until the new one has proved itself. */
export async function deployModel(input: DeployModelInput = {}): Promise<DeployModelResult> {
  const { version: asked, rollback, by, reason } = parseInput(deployModelInput, input);
  const { taskQueue } = workflowInfo();
  const { chooseBundle, deploy } = pipelineActivities({ pipeline: taskQueue, training: taskQueue });
  try {
    const { version } = await chooseBundle({ version: asked ?? null });
    upsertSearchAttributes({ EtiquetteBundle: [version] });
    return await deploy({ version, rollback, by, reason });
  } catch (error) {
    throw readable('deploy', error);
  }
}
