export { deployModel } from './deploy-model.ts';
export { predictCatalogue } from './predict-catalogue.ts';
export { trainAndDeploy } from './train-and-deploy.ts';
