import { defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import { WAKE_SIGNAL } from '../temporal/contracts.ts';

/** A run may wait a week for a person, and the server be away as long; what is left then is sent with the next run. */
const { track: send } = proxyActivities<Pick<PipelineActivities, 'track'>>({
  scheduleToCloseTimeout: '30d',
  startToCloseTimeout: '30d',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '20s' },
});

/**
 * Sends to MLflow what training runs have said, while they go on and afterwards. It has one id, so there is one
 * sender, and is woken by signal-with-start, so nothing is said in vain.
 */
export async function track(): Promise<void> {
  let woken = true;
  setHandler(defineSignal(WAKE_SIGNAL), () => {
    woken = true;
  });
  while (woken) {
    woken = false;
    await send();
  }
}
