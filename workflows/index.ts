export { deployModel } from './deploy-model.ts';
export { predictCatalogue } from './predict-catalogue.ts';
export { prune } from './prune.ts';
export { track } from './track.ts';
export { trainAndDeploy } from './train-and-deploy.ts';
