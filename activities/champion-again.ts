import { join } from 'node:path';
import { champion } from '../models/bundle/deployments.ts';
import { readBundle } from '../models/bundle/load.ts';
import type { TrainAndDeployInput } from '../temporal/inputs.ts';
import type { ActivityDeps } from './deps.ts';
import { toFailure } from './durable.ts';

export type ChampionAgain =
  | { readonly input: TrainAndDeployInput; readonly reason: null }
  | { readonly input: null; readonly reason: string };

/**
 * The input that trains what serves again: its family, catalogue, split, seed and hyperparameters. What nobody is there to decide
 * is not guessed: where these are not known, it says so.
 */
export function createChampionAgain({ config }: Pick<ActivityDeps, 'config'>) {
  return async function championAgain(): Promise<ChampionAgain> {
    const version = await champion(config.deployments);
    if (version === null) return notKnown('Nothing was ever deployed: train a first model (npm run train).');
    const bundle = await readBundle(join(config.bundles, version)).catch((error) => {
      throw toFailure(error);
    });
    const { family, lineage, madeBy, text, image } = bundle;
    if (lineage === null || madeBy.source === undefined) {
      return notKnown(
        `It is not known what the champion ${version} was trained on: train one here (npm run train).`,
      );
    }
    return {
      input: {
        ...{ catalogue: madeBy.source, family, seed: lineage.seed },
        ...{ text: text.parameters, image: image.parameters },
        ...(lineage.split ? { split: lineage.split } : {}),
      },
      reason: null,
    };
  };
}

const notKnown = (reason: string) => ({ input: null, reason });
