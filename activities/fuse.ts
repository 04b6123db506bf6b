import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import { readScores } from '../models/bundle/scores.ts';
import { family } from '../models/families.ts';
import { calibrate, type Fusion } from '../models/fusion/calibration.ts';
import { type ConvexTuning, tuneConvex } from '../models/fusion/convex.ts';
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

/** The weight and how it was found, and the temperature that goes with it. */
export interface TunedFusion extends ConvexTuning, Fusion {
  readonly reused: boolean;
}

/** Stage «fuse»: the text weight of best accuracy and the temperature of least log loss on the validation rows. */
export function createFuse({ config, ml }: ActivityDeps) {
  return function fuse(input: ScoredInput): Promise<TunedFusion> {
    return durable('fuse', async ({ signal, report }) => {
      const { text } = family(input.family);
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
              textEncoder: input.text.encoder?.file ?? null,
              textOutOfFold: text.outOfFold ? join(input.text.model, '../out-of-fold.safetensors') : null,
              imageModel: input.image.model,
              shards: [...ready, ...missing],
              file,
            },
            { signal, onProgress: report },
          );
          const scores = await readScores(file);
          const tuning = tuneConvex(scores);
          return { ...tuning, temperature: calibrate(scores, tuning.textWeight) };
        },
      });
      return { ...result, reused };
    });
  };
}
