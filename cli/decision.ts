import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { APPROVE_UPDATE, REJECT_UPDATE, TRAIN_WORKFLOW_ID, type Waiting } from '../temporal/contracts.ts';
import type { Decision } from '../temporal/inputs.ts';

const DECISIONS = {
  approve: { update: APPROVE_UPDATE, does: 'Lets the bundle serve', done: 'approved: it is deployed now' },
  reject: { update: REJECT_UPDATE, does: 'Keeps the bundle from serving', done: 'rejected' },
} as const;

/** Decides about the training that waits for a person (`npm run train -- --approval`). */
export async function runDecision(decision: keyof typeof DECISIONS, args: string[]): Promise<number> {
  const { update, does, done } = DECISIONS[decision];
  const { values } = parseArgs({
    args,
    options: {
      reason: { type: 'string' },
      by: { type: 'string' },
      workflow: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(`Usage: npm run ${decision} -- --reason TEXT [options]

${does} that a training with --approval waits with. The deployment history keeps name and reason.

  --reason TEXT      why
  --by NAME          who decides (default: the user of this machine)
  --workflow ID      which run (default: ${TRAIN_WORKFLOW_ID})
`);
    return 0;
  }
  if (!values.reason) throw new EtiquetteError('USAGE', `Say why: npm run ${decision} -- --reason TEXT.`);
  const workflowId = values.workflow ?? TRAIN_WORKFLOW_ID;
  const client = await connectClient(readConfig());
  try {
    const { run } = await client.workflow.getHandle(workflowId).executeUpdate<Waiting, [Decision]>(update, {
      args: [{ by: values.by ?? userInfo().username, reason: values.reason }],
    });
    process.stdout.write(`${run.bundle} is ${done}.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError)) throw error;
    // A name or a reason that is too long is refused with its own words.
    if (error.cause instanceof ApplicationFailure && error.cause.type === 'INPUT_INVALID') {
      throw new EtiquetteError('USAGE', error.cause.message);
    }
    throw new EtiquetteError(
      'NOT_WAITING',
      `The run ${workflowId} does not wait for a decision. "npm run train -- --approval" makes one that does.`,
      { cause: error },
    );
  } finally {
    await client.connection.close();
  }
}
