import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import { readScores } from '../models/bundle/scores.ts';
import { family } from '../models/families.ts';
import { type Tuning, tune } from '../models/fusion/tune.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { readPlan } from './features.ts';
import { once } from './stage-store.ts';
import type { TrainedPart, TrainedText } from './train-text.ts';

export interface ScoredInput {
  readonly family: string;
  readonly dataset: DatasetRef;
  readonly plan: string;
  readonly text: TrainedText;
  readonly image: TrainedPart;
}

/** How the models are joined, and how that was found. */
export interface TunedFusion extends Tuning {
  /** The scores that it was found on: of the training and validation rows where both models bring out-of-fold answers, else of the validation rows. */
  readonly scores: string;
  readonly reused: boolean;
}

const SCORES = 'tuning.safetensors';

/** Stage «fuse»: the best weight and temperatures on rows that no answer was learnt from. */
export function createFuse({ config, ml }: ActivityDeps) {
  return function fuse(input: ScoredInput): Promise<TunedFusion> {
    return durable('fuse', async ({ signal, report }) => {
      const { text, image, fusion } = family(input.family);
      const { directory, reused, result } = await once({
        root: config.stages,
        name: 'fuse',
        inputs: { dataset: input.dataset.version, text: input.text.key, image: input.image.key },
        module: 'activities/fuse.ts',
        work: async (folder) => {
          const file = join(folder, SCORES);
          const { ready, missing } = await readPlan(input.plan);
          await ml.run(
            'score',
            {
              family: input.family,
              dataset: input.dataset,
              part: 'tuning',
              textModel: input.text.model,
              textEncoder: input.text.encoder?.file ?? null,
              textOutOfFold: text.outOfFold ? outOfFoldOf(input.text) : null,
              imageModel: input.image.model,
              imageOutOfFold: image.outOfFold ? outOfFoldOf(input.image) : null,
              shards: [...ready, ...missing],
              file,
            },
            { signal, onProgress: report },
          );
          return tune(await readScores(file), fusion);
        },
      });
      return { ...result, scores: join(directory, SCORES), reused };
    });
  };
}

/** What training leaves beside the model. */
function outOfFoldOf({ model }: TrainedPart): string {
  return join(model, '../out-of-fold.safetensors');
}
