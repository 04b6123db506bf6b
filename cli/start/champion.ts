import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { CHALLENGE_FILES } from '../../data/catalogue.ts';
import { generateSample } from '../../data/sample/generate.ts';
import { EtiquetteError, isEtiquetteError } from '../../errors.ts';
import { champion } from '../../models/bundle/deployments.ts';
import { connectClient } from '../../temporal/connection.ts';
import { TRAIN_WORKFLOW_ID } from '../../temporal/contracts.ts';
import { startTraining } from '../../temporal/training.ts';
import { followTraining } from '../train.ts';

/**
 * Makes sure that something serves: the champion of an earlier run, or else a first model, trained on the
 * generated sample.
 * @returns the version that serves
 */
export async function ensureChampion(config: Config, say: (line: string) => void): Promise<string> {
  const deployed = await champion(config.deployments);
  if (deployed !== null) {
    await loadInApi(config, deployed);
    return deployed;
  }
  const directory = join(config.catalogues, 'sample');
  // The table of labels is written last.
  if (!existsSync(join(directory, CHALLENGE_FILES.yTrain))) {
    say('Drawing a sample catalogue, since nothing was ever deployed.');
    await generateSample({ directory });
  }
  say(`Training the first model on ${directory}; this takes some minutes.`);
  const { outcome, reason } = await train(config, directory);
  const version = await champion(config.deployments);
  if (version === null) {
    throw new EtiquetteError('FIRST_TRAINING_FAILED', `The first training ended (${outcome}). ${reason}`);
  }
  return version;
}

/** A training that an earlier `npm start` left behind goes on by itself: then it is followed. */
async function train(config: Config, catalogue: string) {
  const client = await connectClient(config);
  try {
    const handle = await startTraining(client, config.PIPELINE_TASK_QUEUE, {
      catalogue,
      by: 'npm start',
    }).catch((error) => {
      if (isEtiquetteError(error) && error.code === 'RUN_ALREADY_GOING') return null;
      throw error;
    });
    if (handle) return await followTraining(handle, handle.firstExecutionRunId);
    const going = client.workflow.getHandle(TRAIN_WORKFLOW_ID);
    const { runId } = await going.describe();
    return await followTraining(going, runId);
  } finally {
    await client.connection.close();
  }
}

/** The API loads the champion by itself when it starts; asking for it again waits until it serves. */
async function loadInApi(config: Config, version: string): Promise<void> {
  const answer = await fetch(`${config.API_URL}/internal/deployments`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${config.DEPLOY_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ version }),
    signal: AbortSignal.timeout(120_000),
  });
  if (answer.ok) return;
  const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new EtiquetteError(
    'CHAMPION_NOT_SERVED',
    `${detail ?? `The API can not serve the champion ${version}.`} Return to the one before with "npm run rollback", or train another with "npm run train".`,
  );
}
