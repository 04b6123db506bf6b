export { deployModel } from './deploy-model.ts';
export { notify } from './notify.ts';
export { predictCatalogue } from './predict-catalogue.ts';
export { prune } from './prune.ts';
export { retrain } from './retrain.ts';
export { track } from './track.ts';
export { trainAndDeploy } from './train-and-deploy.ts';
export { watchDrift } from './watch-drift.ts';
