import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { writeAtomic } from '../data/atomic.ts';
import { isEtiquetteError } from '../errors.ts';
import { champion } from '../models/bundle/deployments.ts';
import type { DriftRetraining } from '../temporal/contracts.ts';
import { retrain } from '../temporal/training.ts';
import { createChampionAgain } from './champion-again.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';

export interface Changed {
  /** The champion whose stream has changed, and since when it serves. */
  readonly bundle: string;
  readonly since: string;
  /** What has changed, in words. */
  readonly reason: string;
}

/** The training that a changed stream started last. */
interface Last {
  readonly at: string;
  readonly workflowId: string;
  readonly runId: string;
}

const HOUR_MS = 3_600_000;
/**
 * The champion is known not to fit the stream, and most of the gate's rows are as the stream was: what has learnt the
 * change need not be surely better on those, only surely not worse by more than a point.
 */
const GATE = { lead: -0.01 } as const;
const ANSWER_WITHIN_MS = 10_000;

/**
 * Starts one training for one change, however many checks see it: the training's request is named by the champion, its
 * deployment and the training before, so that checks at the same time, and a second try after a crash, get the same run.
 * Once it is written down, none is started for DRIFT_COOLDOWN_HOURS. That stands in a file beside the reports, since
 * Temporal forgets runs after its retention, a day by default.
 */
export function createRetrainForDrift({ config }: ActivityDeps) {
  const championAgain = createChampionAgain({ config });
  const file = join(config.drift, 'last-training.json');
  return function retrainForDrift({ bundle, since, reason }: Changed): Promise<DriftRetraining> {
    return durable('watch', async () => {
      if ((await champion(config.deployments)) !== bundle) {
        return none(`Bundle ${bundle} serves no more: the stream is watched anew.`);
      }
      const last = await lastOf(file);
      const hours = config.DRIFT_COOLDOWN_HOURS;
      if (last && Date.now() - Date.parse(last.at) < hours * HOUR_MS) {
        return none(
          `No training: the last one for a changed stream began at ${last.at}, and DRIFT_COOLDOWN_HOURS is ${hours}.`,
        );
      }
      const { input, reason: unknown } = await championAgain();
      if (input === null) return none(unknown);
      const { client } = Context.current();
      const asked = {
        input: { ...input, gate: GATE },
        by: 'drift',
        key: [bundle, since, last?.runId ?? 'first'].join('/'),
        why: reason,
      };
      try {
        const { workflowId, runId } = await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
          retrain(client, config.PIPELINE_TASK_QUEUE, asked),
        );
        const started: Last = { at: new Date().toISOString(), workflowId, runId };
        await writeAtomic(file, `${JSON.stringify(started)}\n`);
        return { run: { workflowId, runId }, reason: `Training ${runId} was started for it.` };
      } catch (error) {
        if (isEtiquetteError(error) && error.code === 'RUN_ALREADY_GOING') {
          return none(`No training: run ${error.details.run} goes on already.`);
        }
        throw error;
      }
    });
  };
}

const none = (reason: string): DriftRetraining => ({ run: null, reason });

async function lastOf(file: string): Promise<Last | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
