import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import { readScores } from '../models/bundle/scores.ts';
import { type ConvexTuning, tuneConvex } from '../models/fusion/convex.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { readPlan } from './features.ts';
import { once } from './stage-store.ts';
import type { TrainedPart } from './train-text.ts';

export interface ScoredInput {
  readonly family: string;
  readonly dataset: DatasetRef;
  readonly plan: string;
  readonly text: TrainedPart;
  readonly image: TrainedPart;
}

/** Stage «fuse»: the text weight of best accuracy on the validation rows. */
export function createFuse({ config, ml }: ActivityDeps) {
  return function fuse(input: ScoredInput): Promise<ConvexTuning & { reused: boolean }> {
    return durable('fuse', async ({ signal, report }) => {
      const { reused, result } = await once({
        root: config.stages,
        name: 'fuse',
        inputs: { dataset: input.dataset.version, text: input.text.key, image: input.image.key },
        module: 'activities/fuse.ts',
        work: async (folder) => {
          const file = join(folder, 'validation.safetensors');
          const { ready, missing } = await readPlan(input.plan);
          await ml.run(
            'score',
            {
              family: input.family,
              dataset: input.dataset,
              part: 'validation',
              textModel: input.text.model,
              imageModel: input.image.model,
              shards: [...ready, ...missing],
              file,
            },
            { signal, onProgress: report },
          );
          return tuneConvex(await readScores(file));
        },
      });
      return { ...result, reused };
    });
  };
}
