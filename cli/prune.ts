import { parseArgs } from 'node:util';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { DEPLOY_WORKFLOW_ID, type PruneResult, WORKFLOWS } from '../temporal/contracts.ts';
import { reasonOf } from '../temporal/reason.ts';

const USAGE = `Usage: npm run prune [-- --dry-run] [--json]

Deletes bundles beyond the BUNDLES_KEPT newest, and stages and features that no run used for STAGES_DAYS days. Never a
bundle that serves, that a rollback can reach, that a run works with or waits with, or whose predictions are on
record. Every deployment does the same when it is done.

  --dry-run   only say what would be deleted
  --json      print one JSON line
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      'dry-run': { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = readConfig();
  const client = await connectClient(config);
  try {
    const dryRun = values['dry-run'] ?? false;
    const result: PruneResult = await client.workflow.execute(WORKFLOWS.prune, {
      workflowId: DEPLOY_WORKFLOW_ID,
      taskQueue: config.PIPELINE_TASK_QUEUE,
      args: [{ dryRun }],
      staticSummary: 'Deletes old bundles, stages and features that nothing refers to',
    });
    if (values.json) process.stdout.write(`${JSON.stringify({ dryRun, ...result })}\n`);
    else print(result, dryRun, config.DVC === 'on');
    return 0;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new EtiquetteError('DEPLOYMENT_ALREADY_GOING', 'A deployment is under way: try again after it.');
    }
    if (!(error instanceof WorkflowFailedError)) throw error;
    process.stderr.write(`${reasonOf(error)}\n`);
    return 1;
  } finally {
    await client.connection.close();
  }
}

function print({ kept, bundles, stages, features, bytes }: PruneResult, dryRun: boolean, dvc: boolean): void {
  for (const [version, why] of Object.entries(kept)) process.stdout.write(`kept     ${version}  ${why}\n`);
  const back = dvc ? '  back with: npm run data -- pull ' : '';
  const verb = dryRun ? 'would go' : 'deleted ';
  for (const version of bundles) {
    process.stdout.write(`${verb} ${version}${back && `${back}${version}`}\n`);
  }
  process.stdout.write(
    `${verb} ${bundles.length} bundles, ${stages.length} stages, ${features} files of features: ${(bytes / 1e6).toFixed(1)} MB\n`,
  );
}
