import { type Duration, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { sleep } from '@temporalio/workflow';

export interface Patience {
  readonly every: Duration;
  readonly attempts: number;
}

/**
 * Starts a child whose workflow id lets one of its kind go on at a time. Where one does, it waits for its turn.
 * @throws WorkflowExecutionAlreadyStartedError when its turn did not come
 */
export async function inTurn<T>(start: () => Promise<T>, { every, attempts }: Patience): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || attempt === attempts) throw error;
      await sleep(every);
    }
  }
}
