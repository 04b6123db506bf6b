import { join } from 'node:path';
import { family } from '../models/families.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { readPlan } from './features.ts';
import { once } from './stage-store.ts';
import type { TrainedPart, TrainInput } from './train-text.ts';

/** Stage «image»: trains the head on the frozen encoder's features in the ML child process. */
export function createTrainImage({ config, ml }: ActivityDeps) {
  return function trainImage(input: TrainInput & { plan: string }): Promise<TrainedPart> {
    return durable('image', async ({ signal, report }) => {
      const { image, modules } = family(input.family);
      const parameters = image.parameters(input.parameters);
      const { dataset, seed } = input;
      const plan = await readPlan(input.plan);
      const { key, directory, reused, result } = await once({
        root: config.stages,
        name: 'image',
        inputs: { dataset: dataset.version, seed, parameters, encoder: plan.encoder.sha256 },
        module: modules.image,
        work: (folder) =>
          ml.run(
            'trainImage',
            {
              family: input.family,
              dataset,
              seed,
              parameters,
              shards: [...plan.ready, ...plan.missing],
              directory: folder,
            },
            { signal, onProgress: report },
          ),
      });
      return { key, model: join(directory, 'model'), summary: result, reused };
    });
  };
}
