import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { family } from '../models/families.ts';
import { trainAndDeployInput } from '../temporal/inputs.ts';
import type { BenchCatalogue } from './catalogue.ts';
import { benchEncoder, benchFeatures, benchTextEncoder, oneFold, writeDataset } from './material.ts';
import type { Row } from './row.ts';
import { measured } from './usage.ts';

const SEED = 42;
const WHOLE_SECONDS = 60;
const WHOLE_MIB = 1536;

/** Everything after the fetch of the family that is trained when none is named, its encoder at hand. */
export async function standardTraining(
  config: Config,
  catalogue: BenchCatalogue,
  directory: string,
  say: (line: string) => void,
): Promise<Row[]> {
  const standard = family(trainAndDeployInput.parse({}).family);
  const encoder = await benchEncoder(config, standard.image.encoder, say);
  const textEncoder = await benchTextEncoder(config, standard, {}, say);
  const dataset = await writeDataset(join(directory, 'whole-rows'), catalogue, oneFold(catalogue));
  const common = { family: standard.name, dataset, seed: SEED, parameters: {} };
  const text = { ...textEncoder, featuresDirectory: join(directory, 'whole-sentences') };
  say(`${standard.name} as a whole.`);
  const { wallSeconds, peakRssBytes } = await measured(availableParallelism(), async (ml) => {
    await ml.run('trainText', { ...common, ...text, directory: join(directory, 'whole-text') });
    if (dataset.counts.train.pictures === 0) return;
    const features = { directory: join(directory, 'whole-features'), ml };
    const shards = await benchFeatures(standard, encoder, catalogue, features);
    await ml.run('trainImage', { ...common, shards, directory: join(directory, 'whole-image') });
  });
  const mib = peakRssBytes / 2 ** 20;
  const alone = { peer: null, ratio: null };
  return [
    {
      ...{ what: `${standard.name}, all of its training`, unit: 's', ours: wallSeconds, ...alone },
      ...{ target: `under ${WHOLE_SECONDS} s`, ok: wallSeconds < WHOLE_SECONDS },
    },
    {
      ...{ what: `${standard.name}, all of its training: peak memory`, unit: 'MiB', ours: mib, ...alone },
      ...{ target: `under ${WHOLE_MIB} MiB`, ok: mib < WHOLE_MIB },
    },
  ];
}
