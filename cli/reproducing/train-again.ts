import { randomUUID } from 'node:crypto';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createPipelineActivities, createTrainingActivities } from '../../activities/index.ts';
import { type Config, readConfig } from '../../config.ts';
import { EtiquetteError } from '../../errors.ts';
import type { Bundle } from '../../models/bundle/format.ts';
import { readBundle } from '../../models/bundle/load.ts';
import { WORKFLOWS } from '../../temporal/contracts.ts';
import type { TrainAndDeployInput } from '../../temporal/inputs.ts';
import { createDeps } from '../../workers/deps.ts';
import { followTraining } from '../train.ts';

/** Nobody is there to finish a run whose command was killed. */
const LONGEST = '7d';

export interface Again {
  readonly config: Config;
  readonly client: Client;
  readonly bundle: Bundle & { readonly lineage: NonNullable<Bundle['lineage']> };
  /** Where its catalogue is. */
  readonly catalogue: string;
  readonly corrections: TrainAndDeployInput['corrections'];
  /** An empty folder: nothing that was done before is found there. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/**
 * Trains a bundle a second time: the real workflow on workers of its own, whose stages, features and bundle store are
 * empty. Only the frozen encoders are shared; a bundle names them by their hash.
 * @throws EtiquetteError REPRODUCTION_FAILED with the run's reason
 */
export async function trainAgain({
  config,
  client,
  bundle,
  catalogue,
  corrections,
  scratch,
  signal,
}: Again): Promise<Bundle> {
  const queue = `reproduce-${bundle.version}-${randomUUID().slice(0, 8)}`;
  const own = readConfig({
    ...process.env,
    ...{ VAR_DIR: scratch, PIPELINE_TASK_QUEUE: queue, TRAINING_TASK_QUEUE: `${queue}-training` },
    ...{ MLFLOW: 'off', DVC: 'off', LOG_LEVEL: 'silent' },
  });
  await mkdir(config.encoders, { recursive: true });
  await symlink(config.encoders, own.encoders, 'dir');
  const input: TrainAndDeployInput = {
    ...{ catalogue, corrections, family: bundle.family, seed: bundle.lineage.seed },
    ...{ text: bundle.text.parameters, image: bundle.image.parameters },
    ...(bundle.lineage.split ? { split: bundle.lineage.split } : {}),
    ...{ deploy: false, by: 'npm run reproduce' },
  };
  return withWorkers(own, async () => {
    const handle = await client.workflow.start(WORKFLOWS.trainAndDeploy, {
      workflowId: queue,
      taskQueue: queue,
      args: [input],
      workflowExecutionTimeout: LONGEST,
      staticSummary: `Trains bundle ${bundle.version} again, to compare`,
    });
    const stop = () => void handle.terminate('npm run reproduce was stopped').catch(() => {});
    signal.addEventListener('abort', stop);
    const result = await followTraining(handle, handle.firstExecutionRunId);
    signal.removeEventListener('abort', stop);
    // The gate may reject it: it judges a model, not whether it is the same.
    if (result.bundle === null) throw new EtiquetteError('REPRODUCTION_FAILED', result.reason);
    return readBundle(join(own.bundles, result.bundle));
  });
}

async function withWorkers<T>(config: Config, work: () => Promise<T>): Promise<T> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const deps = createDeps(config, 'reproduce');
  const connection = await NativeConnection.connect({ address: config.TEMPORAL_ADDRESS });
  try {
    const common = { connection, namespace: config.TEMPORAL_NAMESPACE };
    const pipeline = await Worker.create({
      ...common,
      taskQueue: config.PIPELINE_TASK_QUEUE,
      workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
      activities: createPipelineActivities(deps),
    });
    const training = await Worker.create({
      ...common,
      taskQueue: config.TRAINING_TASK_QUEUE,
      activities: createTrainingActivities(deps),
      maxConcurrentActivityTaskExecutions: 1,
    });
    return await pipeline.runUntil(training.runUntil(work));
  } finally {
    await deps.close();
    await connection.close();
  }
}
