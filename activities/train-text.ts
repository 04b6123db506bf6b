import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import type { Encoder } from '../models/encoders/prepare.ts';
import { family } from '../models/families.ts';
import type { Parameters, TrainingSummary } from '../models/runtime/jobs.ts';
import { codeHash } from './code-hash.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { prepareTextEncoder } from './encoders.ts';
import { noteUseOfAll } from './last-use.ts';
import { once } from './stage-store.ts';

/** The module that computes the features of texts. */
const TEXT_FEATURES = 'models/encoders/text-session.ts';

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
  /** The name of an encoder that it was to have and that could not be had; null: nothing is missing. */
  readonly missing: string | null;
}

/** Stage «text»: trains the family's text model in the ML child process, with its encoder where that can be had. */
export function createTrainText(deps: ActivityDeps) {
  const { config, ml } = deps;
  return function trainText(input: TrainInput): Promise<TrainedText> {
    return durable('text', async (tools) => {
      const { signal, report } = tools;
      const { text, modules } = family(input.family);
      const parameters = text.parameters(input.parameters);
      const { dataset, seed } = input;
      const { encoder, missing } = await prepareTextEncoder(text, parameters, deps, tools);
      // Features outlive this training, but not the code that computes them.
      const code = await codeHash(TEXT_FEATURES);
      const { key, directory, reused, result } = await once({
        root: config.stages,
        name: 'text',
        inputs: { dataset: dataset.version, seed, parameters, encoder: encoder?.sha256 ?? null },
        module: modules.text,
        work: async (folder) => {
          const featuresDirectory = join(config.features, `text-${code.slice(0, 8)}`);
          await noteUseOfAll(featuresDirectory);
          return ml.run(
            'trainText',
            {
              ...{ family: input.family, dataset, seed, parameters, encoder, directory: folder },
              featuresDirectory,
            },
            { signal, onProgress: report },
          );
        },
      });
      return { key, model: join(directory, 'model'), summary: result, reused, encoder, missing };
    });
  };
}
