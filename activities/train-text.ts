import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import type { Encoder } from '../models/encoders/prepare.ts';
import { family } from '../models/families.ts';
import type { Parameters, TrainingSummary } from '../models/runtime/jobs.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { once } from './stage-store.ts';

export interface TrainInput {
  readonly family: string;
  readonly dataset: DatasetRef;
  readonly seed: number;
  readonly parameters: Parameters;
}

/** A trained part of a model: `model` is the folder that a bundle takes over. */
export interface TrainedPart {
  readonly key: string;
  readonly model: string;
  readonly summary: TrainingSummary;
  readonly reused: boolean;
}

export interface TrainedText extends TrainedPart {
  /** The frozen encoder that the text model needs; null: none. */
  readonly encoder: Encoder | null;
}

/** Stage «text»: trains the family's text model in the ML child process. */
export function createTrainText({ config, ml }: ActivityDeps) {
  return function trainText(input: TrainInput): Promise<TrainedText> {
    return durable('text', async ({ signal, report }) => {
      const { text, modules } = family(input.family);
      const parameters = text.parameters(input.parameters);
      const { dataset, seed } = input;
      const encoder = null as Encoder | null;
      const { key, directory, reused, result } = await once({
        root: config.stages,
        name: 'text',
        inputs: { dataset: dataset.version, seed, parameters, encoder: encoder && encoder.sha256 },
        module: modules.text,
        work: (folder) =>
          ml.run(
            'trainText',
            {
              ...{ family: input.family, dataset, seed, parameters, encoder, directory: folder },
              featuresDirectory: config.features,
            },
            { signal, onProgress: report },
          ),
      });
      return { key, model: join(directory, 'model'), summary: result, reused, encoder };
    });
  };
}
