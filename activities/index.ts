import { createChampionAgain } from './champion-again.ts';
import { createCheckDrift } from './check-drift.ts';
import { createChooseBundle, createDeploy, createEndTrial, createTryBundle } from './deploy.ts';
import type { ActivityDeps } from './deps.ts';
import { createEvaluate } from './evaluate.ts';
import { createComputeFeatures, createPlanFeatures } from './features.ts';
import { createFetch } from './fetch.ts';
import { createFuse } from './fuse.ts';
import { createGate } from './gate.ts';
import { createNotify } from './notify.ts';
import { createJoinPredictions, createPlanPrediction, createPredictShard } from './predict.ts';
import { createPrune } from './prune.ts';
import { createPushBundle, createPushDataset, createPushPredictions } from './push.ts';
import { createRetrainForDrift } from './retrain-for-drift.ts';
import { createSettings } from './settings.ts';
import { createSplit } from './split.ts';
import { createTrack } from './track.ts';
import { createTrainImage } from './train-image.ts';
import { createTrainText } from './train-text.ts';
import { createValidate } from './validate.ts';
import { createVersion } from './version.ts';

/** Activities of the pipeline queue: files, bundles and the API. */
export function createPipelineActivities(deps: ActivityDeps) {
  return {
    ...createSettings(deps.config),
    fetch: createFetch(deps),
    validate: createValidate(deps),
    split: createSplit(deps),
    version: createVersion(deps),
    chooseBundle: createChooseBundle(deps),
    deploy: createDeploy(deps),
    tryBundle: createTryBundle(deps),
    endTrial: createEndTrial(deps),
    prune: createPrune(deps),
    championAgain: createChampionAgain(deps),
    planPrediction: createPlanPrediction(deps),
    joinPredictions: createJoinPredictions(deps),
    track: createTrack(deps),
    checkDrift: createCheckDrift(deps),
    retrainForDrift: createRetrainForDrift(deps),
    notify: createNotify(deps),
    pushDataset: createPushDataset(deps),
    pushBundle: createPushBundle(deps),
    pushPredictions: createPushPredictions(deps),
  };
}

/** Activities of the training queue: all that runs TensorFlow. A GPU host can serve this queue alone. */
export function createTrainingActivities(deps: ActivityDeps) {
  return {
    trainText: createTrainText(deps),
    planFeatures: createPlanFeatures(deps),
    computeFeatures: createComputeFeatures(deps),
    trainImage: createTrainImage(deps),
    fuse: createFuse(deps),
    evaluate: createEvaluate(deps),
    gate: createGate(deps),
    predictShard: createPredictShard(deps),
  };
}

export type PipelineActivities = ReturnType<typeof createPipelineActivities>;
export type TrainingActivities = ReturnType<typeof createTrainingActivities>;
