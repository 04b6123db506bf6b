import type { Job, Jobs } from './jobs.ts';
import type { Registry } from './serve-jobs.ts';

const familyOf = async (name: string) => (await import('../families.ts')).family(name);

const trainText: Job<'trainText'> = async (input, context) =>
  (await familyOf(input.family)).text.train(input, context);
const computeFeatures: Job<'computeFeatures'> = async (input, context) =>
  (await familyOf(input.family)).image.computeFeatures(input, context);
const trainImage: Job<'trainImage'> = async (input, context) =>
  (await familyOf(input.family)).image.train(input, context);

const scoring = () => import('../bundle/scoring-jobs.ts');
const serving = () => import('../bundle/serving-jobs.ts');

/** Every job of the ML child process, by name. */
export const registry: Registry<Jobs> = {
  trainText: async () => trainText,
  computeFeatures: async () => computeFeatures,
  trainImage: async () => trainImage,
  score: async () => (await scoring()).score,
  predictRows: async () => (await scoring()).predictRows,
  chooseEngine: async () => (await import('../bundle/engine-job.ts')).chooseEngine,
  makeReference: async () => (await import('../bundle/reference-job.ts')).makeReference,
  timeBundle: async () => (await serving()).timeBundle,
  insight: async () => (await import('../evaluation/insight/job.ts')).insight,
  loadBundle: async () => (await serving()).loadBundle,
  predict: async () => (await serving()).predict,
  explain: async () => (await serving()).explain,
};
