import { proxyLocalActivities, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { SettingsActivities } from '../activities/settings.ts';
import type { PredictCatalogueResult } from '../temporal/contracts.ts';
import { type PredictCatalogueInput, predictCatalogueInput } from '../temporal/inputs.ts';
import { pipelineActivities, trainingActivities } from './activities.ts';
import { readable } from './failure.ts';
import { parseInput } from './input.ts';
import { collectPushes, pushActivities } from './push.ts';

const { settings } = proxyLocalActivities<SettingsActivities>({ startToCloseTimeout: '10s' });

/** Predicts a whole catalogue, shard by shard, on every worker of the training queue. */
export async function predictCatalogue(input: PredictCatalogueInput): Promise<PredictCatalogueResult> {
  const { catalogue: source, part, bundle, out, shardSize } = parseInput(predictCatalogueInput, input);
  const { trainingTaskQueue, dvc = false } = await settings();
  const queues = { pipeline: workflowInfo().taskQueue, training: trainingTaskQueue };
  const pipeline = pipelineActivities(queues);
  try {
    const catalogue = await pipeline.fetch({ source });
    const plan = await pipeline.planPrediction({ catalogue, part, bundle, shardSize });
    upsertSearchAttributes({ EtiquetteBundle: [plan.bundle] });
    const shards = Array.from({ length: plan.shards }, (_, shard) => shard);
    const answers = await Promise.all(
      shards.map((shard) => {
        const { predictShard } = trainingActivities(queues, `shard ${shard + 1} of ${plan.shards}`);
        return predictShard({ plan, shard, catalogueDirectory: catalogue.directory });
      }),
    );
    await pipeline.joinPredictions({ plan, out });
    const pushes = collectPushes();
    let version: string | null = null;
    if (dvc) {
      const { pushPredictions } = pushActivities(queues.pipeline);
      pushes.start('file of predictions', async () => {
        const pushed = await pushPredictions({ out, bundle: plan.bundle, catalogue });
        version = pushed.version;
        return pushed;
      });
    }
    const warnings = await pushes.finish();
    const pictures = answers.reduce((sum, answer) => sum + answer.pictures, 0);
    return { bundle: plan.bundle, rows: plan.rows, pictures, out, version, warnings };
  } catch (error) {
    throw readable('predict', error);
  }
}
