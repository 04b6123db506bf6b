import { mkdir, readFile, symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { Bundle } from '../../models/bundle/format.ts';
import { REFERENCE } from '../../models/bundle/reference.ts';
import { type BundleParts, writeBundle } from '../../models/bundle/write.ts';
import type { Encoder } from '../../models/encoders/prepare.ts';
import { family } from '../../models/families.ts';
import type { Fusion } from '../../models/fusion/fuse.ts';
import { goldenOf } from '../../models/import/golden.ts';
import type { MlProcess, Parameters } from '../../models/runtime/jobs.ts';
import { createMlProcess } from '../../models/runtime/process.ts';
import { ORIGINAL_LSTM } from '../../models/text/lstm/parameters.ts';
import { trainAndDeployInput } from '../../temporal/inputs.ts';
import { type BenchCatalogue, benchCatalogue } from '../catalogue.ts';
import {
  benchEncoder,
  benchEngine,
  benchFeatures,
  benchTextEncoder,
  oneFold,
  writeDataset,
} from '../material.ts';

/** Bundles that were trained on one fold by the pipeline's own jobs, with the engine that it would choose. */
export interface Materials {
  readonly catalogue: BenchCatalogue;
  /** Holds bundles/ and encoders/; every server has a folder of its own in it. */
  readonly directory: string;
  /** Of the family that is trained when none is named. */
  readonly standard: Trained;
  /** The same models fused in another way, so that there is something to swap with. */
  readonly other: Bundle;
}

export interface Trained {
  readonly bundle: Bundle;
  /** The file of the picture model's convolutions. */
  readonly imageEncoder: string;
}

const SEED = 42;
const TEMPERATURES = { temperature: 1, textTemperature: 1, imageTemperature: 1 } as const;
const LOG_LINEAR: Fusion = { kind: 'log-linear', textWeight: 0.7, ...TEMPERATURES };

export async function prepareMaterials(
  config: Config,
  directory: string,
  say: (line: string) => void,
): Promise<Materials> {
  const catalogue = await benchCatalogue(config, say);
  await mkdir(join(directory, 'bundles'), { recursive: true });
  await mkdir(config.encoders, { recursive: true });
  await symlink(config.encoders, join(directory, 'encoders'));
  const name = trainAndDeployInput.parse({}).family;
  const fusions = [LOG_LINEAR, { ...LOG_LINEAR, textWeight: 0.6 }] as const;
  const [standard, other] = await train(config, { directory, catalogue, name, fusions }, say);
  return { catalogue, directory, standard, other: other.bundle };
}

/**
 * The original's text model, and its picture model on pixels as its convolutions were trained on them: both are forms
 * that Keras can compute too. Fused as the original fuses them.
 */
export async function trainOriginal(
  config: Config,
  { catalogue, directory }: Materials,
  say: (line: string) => void,
): Promise<Trained> {
  const [original] = await train(
    config,
    {
      ...{ catalogue, directory, name: 'lstm-vgg16' },
      text: ORIGINAL_LSTM,
      fusions: [{ kind: 'convex', textWeight: 0.6, ...TEMPERATURES }],
    },
    say,
  );
  return original;
}

/** One bundle for each way to fuse. */
async function train<F extends readonly [Fusion, ...Fusion[]]>(
  config: Config,
  input: {
    readonly directory: string;
    readonly catalogue: BenchCatalogue;
    readonly name: string;
    readonly text?: Parameters;
    readonly image?: Parameters;
    readonly fusions: F;
  },
  say: (line: string) => void,
): Promise<{ readonly [Place in keyof F]: Trained }> {
  const { directory, catalogue, name, text = {}, image = {} } = input;
  say(`Training ${name}.`);
  const recipes = family(name);
  const work = join(directory, 'training', name);
  const ml = createMlProcess({ name: 'bench', threads: availableParallelism() });
  try {
    const dataset = await writeDataset(join(work, 'dataset'), catalogue, oneFold(catalogue));
    const common = { family: name, dataset, seed: SEED };
    const encoder = await benchEncoder(config, recipes.image.encoder, say);
    const shards = await benchFeatures(recipes, encoder, catalogue, {
      directory: join(config.VAR_DIR, 'bench', 'features'),
      overrides: image,
      ml,
    });
    const imageDirectory = join(work, 'image');
    await ml.run('trainImage', { ...common, parameters: image, shards, directory: imageDirectory });
    const textEncoder = await benchTextEncoder(config, recipes, text, say);
    const textDirectory = join(work, 'text');
    await ml.run('trainText', { ...common, ...textEncoder, parameters: text, directory: textDirectory });
    const models = {
      textModel: join(textDirectory, 'model'),
      textEncoder: textEncoder.encoder?.file ?? null,
    };
    const { engine, ...quickest } = await benchEngine(
      {
        ...{ family: name, dataset, shards, encoder, fusion: input.fusions[0], ...models },
        ...{ imageModel: join(imageDirectory, 'model'), directory: join(work, 'engine') },
      },
      ml,
    );
    if (engine) say(`${name}: ${engine.name} is its engine (${JSON.stringify(engine.compared)}).`);
    const parts: Omit<BundleParts, 'fusion' | 'golden' | 'texts'> = {
      family: name,
      text: {
        recipe: recipes.text.name,
        parameters: recipes.text.parameters(text),
        directory: join(textDirectory, 'model'),
      },
      image: {
        recipe: recipes.image.name,
        parameters: recipes.image.parameters(image),
        ...{ engine, directory: quickest.directory },
      },
      encoders: {
        image: referenceOf(encoder),
        text: textEncoder.encoder && referenceOf(textEncoder.encoder),
      },
      ...{ lineage: null, metrics: null },
      madeBy: { at: '', workflowId: null, runId: null, etiquette: config.RELEASE },
    };
    const bundles: Trained[] = [];
    for (const fusion of input.fusions) {
      const file = join(work, REFERENCE);
      await ml.run('makeReference', {
        ...{ family: name, dataset, fusion, ...models, scores: quickest.scores, file },
        ...{ imageModel: quickest.directory, imageEncoder: encoder, shards: null },
      });
      const texts = { [REFERENCE]: await readFile(file, 'utf8') };
      const bundle = await store({ ...parts, fusion, texts }, { config, directory, ml });
      bundles.push({ bundle, imageEncoder: encoder.file });
    }
    return bundles as { readonly [Place in keyof F]: Trained };
  } finally {
    await ml.close();
  }
}

const referenceOf = ({ name, sha256, source }: Encoder) => ({ name, sha256, source });

/** With golden products, without which no bundle is served. */
async function store(
  parts: Omit<BundleParts, 'golden'>,
  { config, directory, ml }: { config: Config; directory: string; ml: MlProcess },
): Promise<Bundle> {
  const drafts = join(directory, 'drafts');
  const draft = await writeBundle(drafts, { ...parts, golden: [] });
  const golden = await goldenOf(join(drafts, draft.version), {
    ...{ ml, encoders: config.encoders },
    scratch: drafts,
  });
  return writeBundle(join(directory, 'bundles'), { ...parts, golden });
}
