import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isEtiquetteError } from '../errors.ts';
import { champion } from '../models/bundle/deployments.ts';
import type { InferenceService } from '../models/serving/inference.ts';

const TRIES = 5;
const FIRST_PAUSE_MS = 1_000;

/**
 * Loads the bundle that the deployment history names last, unless a deployment comes first. It gives up when
 * the bundle is at fault, or after a few tries: /predict then stays 503 until the next deployment. It never
 * rejects.
 */
export async function restoreChampion(
  deployments: string,
  inference: InferenceService,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  for (let attempt = 1; attempt <= TRIES && !stop.aborted && !inference.current(); attempt += 1) {
    try {
      const version = await champion(deployments);
      if (version === null) {
        log.info('nothing was deployed yet: waiting for the first deployment');
        return;
      }
      await inference.restore(version);
    } catch (error) {
      if (stop.aborted) return;
      log.error({ err: error, attempt, of: TRIES }, 'the champion could not be loaded');
      if (isEtiquetteError(error) && !error.retryable) return;
      await setTimeout(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, { signal: stop }).catch(() => {});
    }
  }
}
