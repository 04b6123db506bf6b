import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, sleep } from '@temporalio/workflow';
import { DEPLOY_WORKFLOW_ID, type DeployModelResult } from '../temporal/contracts.ts';
import type { DeployModelInput } from '../temporal/inputs.ts';
import { deployModel } from './deploy-model.ts';

const PATIENCE = 60;

/** One deployment at a time: a run that comes while another deploys waits for its turn, 10 minutes at most. */
export async function deployAsChild(input: DeployModelInput): Promise<DeployModelResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await executeChild(deployModel, { workflowId: DEPLOY_WORKFLOW_ID, args: [input] });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || attempt === PATIENCE) throw error;
      await sleep('10s');
    }
  }
}
