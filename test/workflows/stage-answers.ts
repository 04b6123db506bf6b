import type { PipelineActivities, TrainingActivities } from '../../activities/index.ts';

const scores = { n: 10, accuracy: 0.9, weightedF1: 0.9, macroF1: 0.9 };
const metrics = { n: 10, text: scores, image: scores, fused: scores, ece: 0.01 };

/** What each stage answers when all goes well. The workflow is the subject here, not its activities. */
export const ANSWERS: Record<keyof (PipelineActivities & TrainingActivities), unknown> = {
  settings: { trainingTaskQueue: '' },
  fetch: { directory: '/c', contentHash: 'content', files: {}, bytes: 1, pictures: 2, manifest: '/m' },
  validate: { report: '/report', reused: false, warnings: [] },
  split: { dataset: { version: 'dataset', directory: '/d', catalogueDirectory: '/c' }, reused: true },
  trainText: { key: 't', model: '/t', summary: {}, reused: false },
  planFeatures: { file: '/plan', encoder: {}, missing: 3, ready: 1 },
  computeFeatures: { computed: 2 },
  trainImage: { key: 'i', model: '/i', summary: {}, reused: false },
  fuse: { textWeight: 0.5, temperature: 0.7, reused: false },
  evaluate: { directory: '/e', metrics, baseline: scores, reused: false },
  version: { bundle: 'b'.repeat(16), reused: false },
  gate: { passed: true, reason: 'better', rule: {}, checks: [], reused: false },
  chooseBundle: { version: 'b'.repeat(16) },
  tryBundle: { answered: 0, failed: 0, disagreed: 0, milliseconds: null, championMilliseconds: null },
  endTrial: undefined,
  prune: { kept: {}, bundles: [], stages: [], features: 0, bytes: 0 },
  championAgain: {},
  deploy: { version: 'b'.repeat(16), replaced: null, reason: 'better' },
  planPrediction: {},
  predictShard: {},
  joinPredictions: {},
  track: { sent: 0 },
  checkDrift: {},
  retrainForDrift: {},
  pushDataset: { version: 'dataset', reused: false },
  pushBundle: { version: 'b'.repeat(16), reused: true },
  pushPredictions: {},
  notify: { status: 200 },
};
