import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { DEPLOY_WORKFLOW_ID, type DeployModelResult, WORKFLOWS } from '../temporal/contracts.ts';
import type { DeployModelInput } from '../temporal/inputs.ts';
import { reasonOf } from '../temporal/reason.ts';

const USAGE = `Usage: npm run deploy -- VERSION [options]

Makes a bundle of the store serve: the API loads it beside the old one, checks it with its golden products and
switches. "npm run models" lists the versions.

  --reason TEXT     what the deployment history says
  --shadow SECONDS  first it answers a share of the requests unseen, beside the champion
  --canary SECONDS  then its answers to a share of the requests are given
  --share SHARE     of the requests, in both (default: 0.1)

It goes back by itself when it fails, is slow or, as shadow, disagrees too often.
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      shadow: { type: 'string' },
      canary: { type: 'string' },
      share: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [version, ...more] = positionals;
  if (!version || more.length > 0)
    throw new EtiquetteError('USAGE', 'Name one version: npm run deploy -- VERSION.');
  const { shadow, canary, share } = values;
  const rollout = {
    ...(shadow === undefined ? {} : { shadowSeconds: Number(shadow) }),
    ...(canary === undefined ? {} : { canarySeconds: Number(canary) }),
    ...(share === undefined ? {} : { share: Number(share) }),
  };
  return runDeployment({ version, reason: values.reason ?? 'npm run deploy', rollout });
}

/** Runs deployModel and prints what serves now. */
export async function runDeployment(input: DeployModelInput): Promise<number> {
  const config = readConfig();
  const client = await connectClient(config);
  try {
    const result: DeployModelResult = await client.workflow.execute(WORKFLOWS.deployModel, {
      workflowId: DEPLOY_WORKFLOW_ID,
      taskQueue: config.PIPELINE_TASK_QUEUE,
      args: [{ by: userInfo().username, ...input }],
    });
    const replaced = result.replaced ? `, in place of ${result.replaced}` : '';
    process.stdout.write(`${result.version} serves${replaced}.\n`);
    return 0;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new EtiquetteError(
        'DEPLOYMENT_ALREADY_GOING',
        'Another deployment is under way: try again in a moment.',
      );
    }
    if (!(error instanceof WorkflowFailedError)) throw error;
    process.stderr.write(`${reasonOf(error)}\n`);
    return 1;
  } finally {
    await client.connection.close();
  }
}
