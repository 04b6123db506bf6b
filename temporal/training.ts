import { createHash } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';
import { canonicalJson } from '../models/bundle/format.ts';
import { TRAIN_WORKFLOW_ID, WORKFLOWS } from './contracts.ts';
import { type TrainAndDeployInput, trainAndDeployInput } from './inputs.ts';
import { newestRun, runOfRequest, type TrainingRequest } from './runs.ts';

const DEFAULTS = trainAndDeployInput.parse({});

/** @throws EtiquetteError RUN_ALREADY_GOING: one training runs at a time. */
export async function startTraining(
  client: Client,
  taskQueue: string,
  input: TrainAndDeployInput,
  { request = null, why }: { request?: TrainingRequest | null; why?: string | undefined } = {},
) {
  const { family = DEFAULTS.family, by = DEFAULTS.by } = input;
  try {
    return await client.workflow.start(WORKFLOWS.trainAndDeploy, {
      workflowId: TRAIN_WORKFLOW_ID,
      taskQueue,
      args: [input],
      staticSummary: `Train ${family} on ${input.catalogue ?? 'the default catalogue'}`,
      ...(why === undefined ? {} : { staticDetails: why }),
      memo: { by, ...(request ? { request: request.key, input: request.input } : {}) },
      ...(request ? { searchAttributes: { EtiquetteRequest: [request.key] } } : {}),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new EtiquetteError(
      'RUN_ALREADY_GOING',
      `A training is under way (workflow ${TRAIN_WORKFLOW_ID}). Wait for it, or cancel it: temporal workflow cancel --workflow-id ${TRAIN_WORKFLOW_ID}`,
    );
  }
}

export interface Retraining {
  readonly input: TrainAndDeployInput;
  /** The user who asks. */
  readonly by: string;
  /** The same key of the same user is the same run, whether it goes on or ended. */
  readonly key?: string | undefined;
  /** What the Web UI says of it, in Markdown. */
  readonly why?: string | undefined;
}

export interface StartedRun {
  readonly workflowId: string;
  readonly runId: string;
  /** An earlier request with this key had started it. */
  readonly replayed: boolean;
}

/**
 * Starts a training for a user, once for each key: the workflow's id, which every training shares, lets no two go on
 * at once, and the run keeps which request it is for. A key is known for as long as Temporal keeps the run.
 * @throws EtiquetteError RUN_ALREADY_GOING, IDEMPOTENCY_KEY_REUSED, FAMILY_UNKNOWN, PARAMETER_INVALID
 */
export async function retrain(client: Client, taskQueue: string, asked: Retraining): Promise<StartedRun> {
  const { by, key, why } = asked;
  const input = { ...asked.input, by };
  const request = key === undefined ? null : requestOf(by, key, input);
  const before = await startedBefore(client, request);
  if (before) return before;
  await checkHyperparameters(input);
  try {
    const { workflowId, firstExecutionRunId } = await startTraining(client, taskQueue, input, {
      request,
      why,
    });
    return { workflowId, runId: firstExecutionRunId, replayed: false };
  } catch (error) {
    if (!isEtiquetteError(error) || error.code !== 'RUN_ALREADY_GOING') throw error;
    // The same request may have come twice at the same time.
    const quicker = await startedBefore(client, request);
    if (quicker) return quicker;
    const { runId } = (await newestRun(client)) ?? { runId: TRAIN_WORKFLOW_ID };
    const message = `A training is under way: run ${runId}. Wait for it, or cancel it (POST /runs/${runId}/cancel).`;
    throw new EtiquetteError('RUN_ALREADY_GOING', message, { details: { run: runId }, cause: error });
  }
}

async function startedBefore(client: Client, request: TrainingRequest | null): Promise<StartedRun | null> {
  if (!request) return null;
  const newest = await newestRun(client);
  // The index of runs lags behind; of the newest run Temporal knows at once.
  const run = newest?.request?.key === request.key ? newest : await runOfRequest(client, request.key);
  if (!run) return null;
  if (run.request?.input !== request.input) {
    const message = `This key came with another body before, and started run ${run.runId}. Take a new key.`;
    throw new EtiquetteError('IDEMPOTENCY_KEY_REUSED', message);
  }
  return { workflowId: run.workflowId, runId: run.runId, replayed: true };
}

/** A run would find out after it has fetched the catalogue. */
async function checkHyperparameters(input: TrainAndDeployInput): Promise<void> {
  const { family: name, text, image } = trainAndDeployInput.parse(input);
  // Recipes bring the whole of training with them: only a process that asks for one loads it.
  const { family } = await import('../models/families.ts');
  const recipes = family(name);
  recipes.text.parameters(text);
  recipes.image.parameters(image);
}

/** Keys are the user's own: another user's equal key is another one. Nothing of the key can be read from its hash. */
function requestOf(by: string, key: string, input: TrainAndDeployInput): TrainingRequest {
  const whole = trainAndDeployInput.parse(input);
  return { key: hash(canonicalJson([by, key])), input: hash(canonicalJson(whole)) };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
