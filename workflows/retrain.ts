import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  CancelledFailure,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  TerminatedFailure,
} from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import { type RetrainResult, TRAIN_WORKFLOW_ID } from '../temporal/contracts.ts';
import { causeOf, readable } from './failure.ts';
import { inTurn } from './in-turn.ts';
import { trainAndDeploy } from './train-and-deploy.ts';

/** Half a day: a training from a person, or one that waits for a decision, comes first. */
const PATIENCE = { every: '2m', attempts: 360 } as const;
const BY = 'schedule retrain';

const { championAgain } = proxyActivities<Pick<PipelineActivities, 'championAgain'>>({
  startToCloseTimeout: '1m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 10 },
});

/**
 * Trains what serves again. A schedule gives each run an id of its own, and one training goes on at a time by its id:
 * so this starts that one as its child, when its turn comes, and ends as it ends.
 */
export async function retrain(): Promise<RetrainResult> {
  try {
    return await inTurn(trainAgain, PATIENCE);
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      return leftOut(
        'Another training went on for 12 hours. The next one in the schedule comes in its place.',
      );
    }
    if (endedByPerson(error)) return leftOut('Somebody ended the training before its time.');
    throw readable('retrain', error);
  }
}

/** Asked anew at each turn: the training that it waited for may have brought another champion. */
async function trainAgain(): Promise<RetrainResult> {
  const { input, reason: unknown } = await championAgain();
  if (input === null) return leftOut(unknown);
  const { outcome, reason, bundle } = await executeChild(trainAndDeploy, {
    workflowId: TRAIN_WORKFLOW_ID,
    args: [{ ...input, by: BY }],
    memo: { by: BY },
    staticSummary: `Train ${input.family} again on ${input.catalogue}`,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
  return { outcome, reason, bundle };
}

const leftOut = (reason: string): RetrainResult => ({ outcome: 'left out', reason, bundle: null });

/** Whoever stops the training, and not this workflow, knows why: that is no failure, for which the schedule would pause. */
function endedByPerson(error: unknown): boolean {
  const cause = causeOf(error);
  const isEnded = cause instanceof CancelledFailure || cause instanceof TerminatedFailure;
  return isEnded && !CancellationScope.current().consideredCancelled;
}
