import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { TRAIN_WORKFLOW_ID } from '../temporal/contracts.ts';
import { createPipeline } from '../temporal/pipeline.ts';

const DECISIONS = {
  approve: { does: 'Lets the bundle serve', done: 'approved: it is deployed now' },
  reject: { does: 'Keeps the bundle from serving', done: 'rejected' },
} as const;

/** Decides about the training that waits for a person (`npm run train -- --approval`). */
export async function runDecision(decision: keyof typeof DECISIONS, args: string[]): Promise<number> {
  const { does, done } = DECISIONS[decision];
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
  const config = readConfig();
  const client = await connectClient(config);
  try {
    const pipeline = createPipeline(async () => client, config.PIPELINE_TASK_QUEUE);
    const { run } = await pipeline.decide(values.workflow ?? TRAIN_WORKFLOW_ID, decision, {
      by: values.by ?? userInfo().username,
      reason: values.reason,
    });
    process.stdout.write(`${run.bundle} is ${done}.\n`);
    return 0;
  } finally {
    await client.connection.close();
  }
}
