import {
  metricMeter,
  proxyLocalActivities,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SettingsActivities } from '../activities/settings.ts';
import type { Outcome, TrainAndDeployResult } from '../temporal/contracts.ts';
import { type TrainAndDeployInput, trainAndDeployInput } from '../temporal/inputs.ts';
import { pipelineActivities, trainingActivities } from './activities.ts';
import { deployAsChild } from './deploy-child.ts';
import { codeOf, isTrialFailed, readable, reasonIn } from './failure.ts';
import { parseInput } from './input.ts';
import { collectNotices } from './notify.ts';
import { trackProgress } from './progress.ts';
import { collectPushes, pushActivities } from './push.ts';

/** By how they ended; not counted again when a run is replayed. */
const ended = metricMeter.createCounter(
  'etiquette_training_runs',
  undefined,
  'Training runs that ended, by outcome.',
);

const { settings } = proxyLocalActivities<SettingsActivities>({ startToCloseTimeout: '10s' });

/**
 * One whole life of a model: fetch, validate, split, train (text and picture features side by side), fuse,
 * evaluate, version, gate, deploy. Between stages travel paths and hashes; each stage is resumable and
 * skipped when its inputs and code were seen before.
 */
export async function trainAndDeploy(input: TrainAndDeployInput = {}): Promise<TrainAndDeployResult> {
  const asked = parseInput(trainAndDeployInput, input);
  const { family, seed } = asked;
  const progress = trackProgress();
  upsertSearchAttributes({ EtiquetteFamily: [family] });
  const { trainingTaskQueue, dvc = false } = await settings();
  const queues = { pipeline: workflowInfo().taskQueue, training: trainingTaskQueue };
  const pipeline = pipelineActivities(queues);
  const training = trainingActivities(queues);
  const pushes = collectPushes();
  const notices = collectNotices();
  const { pushDataset, pushBundle } = pushActivities(queues.pipeline);
  let stage: string = 'fetch';
  const run: typeof progress.run = async (name, work, reused) => {
    try {
      return await progress.run(name, work, reused);
    } catch (error) {
      stage = name;
      throw error;
    }
  };

  try {
    const wasReused = ({ reused }: { reused: boolean }) => reused;
    const catalogue = await run(
      'fetch',
      () => pipeline.fetch({ source: asked.catalogue, corrections: asked.corrections }),
      wasReused,
    );
    const validation = await run('validate', () => pipeline.validate({ catalogue }), wasReused);
    const { dataset } = await run(
      'split',
      () =>
        pipeline.split({
          ...{ catalogue, seed, split: asked.split },
          ...{ validation: validation.report, correctionsValidation: validation.corrections },
        }),
      wasReused,
    );
    upsertSearchAttributes({ EtiquetteDatasetVersion: [dataset.version] });
    const pushData = () => progress.run('push-data', () => pushDataset({ catalogue, dataset }), wasReused);
    if (dvc) pushes.start('catalogue', pushData);

    const [text, plan] = await Promise.all([
      run('text', () => training.trainText({ family, dataset, seed, parameters: asked.text }), wasReused),
      run(
        'features',
        async () => {
          const parameters = asked.image;
          const found = await training.planFeatures({
            family,
            dataset,
            parameters,
            shardSize: asked.shardSize,
          });
          let done = 0;
          progress.shard(done, found.missing);
          const shards = Array.from({ length: found.missing }, (_, shard) => shard);
          await Promise.all(
            shards.map(async (shard) => {
              const { computeFeatures } = trainingActivities(
                queues,
                `shard ${shard + 1} of ${shards.length}`,
              );
              await computeFeatures({ family, dataset, parameters, plan: found.file, shard });
              progress.shard(++done, found.missing);
            }),
          );
          return found;
        },
        ({ missing }) => missing === 0,
      ),
    ]);
    const common = { family, dataset, plan: plan.file };
    const image = await run(
      'image',
      () => training.trainImage({ ...common, seed, parameters: asked.image }),
      wasReused,
    );
    const fusion = await run('fuse', () => training.fuse({ ...common, text, image }), wasReused);
    const parts = { ...common, text, image, fusion };
    const evaluation = await run('evaluate', () => training.evaluate(parts), wasReused);
    const { bundle, reused } = await run(
      'version',
      () => pipeline.version({ ...parts, catalogue, seed, evaluation, source: asked.catalogue }),
      wasReused,
    );
    upsertSearchAttributes({ EtiquetteBundle: [bundle] });
    if (dvc)
      pushes.start('bundle', () => progress.run('push-bundle', () => pushBundle({ bundle }), wasReused));

    const verdict = await run(
      'gate',
      () => training.gate({ ...parts, bundle, evaluation, rule: asked.gate }),
      wasReused,
    );
    const result = (outcome: Outcome, reason: string): TrainAndDeployResult => ({
      outcome,
      reason,
      bundle,
      bundleReused: reused,
      datasetVersion: dataset.version,
      corrections: dataset.corrections ?? null,
      stages: progress.stages,
      metrics: evaluation.metrics,
      checks: verdict.checks,
      report: evaluation.directory,
      mlflow: progress.mlflow,
      warnings: [],
    });
    const known = { bundle, weightedF1: evaluation.metrics.fused.weightedF1 };
    const page = () => progress.mlflow?.url ?? null;
    const end = async (outcome: Exclude<Outcome, 'failed'>, reason: string) => {
      upsertSearchAttributes({ EtiquetteOutcome: [outcome] });
      ended.add(1, { outcome });
      const data = { ...known, outcome, reason, datasetVersion: dataset.version };
      notices.tell({ type: 'run.finished', data }, page());
      const warnings = [...(await pushes.finish()), ...(await notices.finish())];
      return { ...result(outcome, reason), warnings };
    };
    if (!verdict.passed) return await end('rejected', verdict.reason);
    if (asked.deploy === false) {
      return await end('waiting', `Ready, but the run was asked not to deploy: npm run deploy -- ${bundle}`);
    }
    let { by } = asked;
    let { reason } = verdict;
    if (asked.deploy === 'approval') {
      upsertSearchAttributes({ EtiquetteOutcome: ['waiting'] });
      stage = 'approval';
      const deciding = progress.approval.wait(result('waiting', reason), asked.approvalHours);
      const until = progress.approval.waiting?.until;
      if (until) notices.tell({ type: 'run.waiting', data: { ...known, reason, until } }, page());
      const decided = await deciding;
      if (decided === null) {
        return await end('rejected', `Nobody approved it within ${asked.approvalHours} hours. ${reason}`);
      }
      const words = `${decided.approved ? 'Approved' : 'Rejected'} by ${decided.by}: ${decided.reason}`;
      if (!decided.approved) return await end('rejected', words);
      by = decided.by;
      reason = words;
    }
    const deployment = { version: bundle, by, reason, rollout: asked.rollout };
    try {
      await run('deploy', () => deployAsChild(deployment), wasReused);
    } catch (error) {
      if (!isTrialFailed(error)) throw error;
      return await end('rejected', reasonIn(error));
    }
    return await end('deployed', reason);
  } catch (error) {
    upsertSearchAttributes({ EtiquetteOutcome: ['failed'] });
    ended.add(1, { outcome: 'failed' });
    const data = { stage, code: codeOf(error), reason: reasonIn(error) };
    notices.tell({ type: 'run.failed', data }, progress.mlflow?.url ?? null);
    await notices.finish();
    throw readable(stage, error);
  }
}
