import { executeChild } from '@temporalio/workflow';
import { DEPLOY_WORKFLOW_ID, type DeployModelResult } from '../temporal/contracts.ts';
import type { DeployModelInput } from '../temporal/inputs.ts';
import { deployModel } from './deploy-model.ts';
import { inTurn } from './in-turn.ts';

/** One deployment at a time: a run that comes while another deploys waits for its turn, 10 minutes at most. */
export function deployAsChild(input: DeployModelInput): Promise<DeployModelResult> {
  return inTurn(() => executeChild(deployModel, { workflowId: DEPLOY_WORKFLOW_ID, args: [input] }), {
    every: '10s',
    attempts: 60,
  });
}
