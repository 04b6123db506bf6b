import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { ProductText } from '../../data/catalogue.ts';
import { readScores } from '../../models/bundle/scores.ts';
import { type DriftFeatures, driftFeatures } from '../../models/drift/features.ts';
import { collectKnownWords, openKnownWords } from '../../models/drift/known-words.ts';
import type { PixelForm } from '../../models/drift/picture-statistics.ts';
import { readText, vocabularyOf } from '../../models/drift/text-statistics.ts';
import { readEncoder } from '../../models/encoders/descriptor.ts';
import { createTextEncoder } from '../../models/encoders/text-session.ts';
import { CLASSES } from '../../models/evaluation/rows.ts';
import { family } from '../../models/families.ts';
import { fuse } from '../../models/fusion/fuse.ts';
import { tune } from '../../models/fusion/tune.ts';
import { readPictureHeader } from '../../models/image/picture-format.ts';
import { scaleHalves } from '../../models/text/sentence/halves.ts';
import { sentencesOf } from '../../models/text/sentence/texts.ts';
import { trainAndDeployInput } from '../../temporal/inputs.ts';
import { type BenchCatalogue, type LabelledRow, splitRowOf } from '../catalogue.ts';
import { benchProcesses } from '../cross-validation.ts';
import { crossValidationSplits } from '../folds.ts';
import { benchEncoder, benchFeatures, benchTextEncoder, writeDataset } from '../material.ts';

const SEED = 42;

/** What happens to a product on its way to the model. */
export interface Change {
  text?(product: ProductText): ProductText;
  /** In place. */
  picture?(pixels: Float32Array, form: PixelForm): void;
}

export interface Champion {
  readonly knownWords: string;
  /** Half of the catalogue, which it has not learnt from. */
  readonly heldOut: readonly LabelledRow[];
  /** As it would be recorded beside each answer, and the microseconds that this took. */
  answer(change: Change): Promise<{ readonly features: DriftFeatures[]; readonly microseconds: number[] }>;
  close(): Promise<void>;
}

/** Trains the family that is trained when none is named on half of the catalogue. */
export async function trainChampion(
  config: Config,
  catalogue: BenchCatalogue,
  directory: string,
  say: (line: string) => void,
): Promise<Champion> {
  const own = family(trainAndDeployInput.parse({}).family);
  const [split] = crossValidationSplits(catalogue.rows.map(splitRowOf), { folds: 2, seed: 1 });
  const rowsOf = (places: readonly number[] = []) =>
    places.map((place) => catalogue.rows[place] as LabelledRow);
  const parts = {
    train: rowsOf(split?.train),
    validation: rowsOf(split?.validation),
    test: rowsOf(split?.test),
  };
  const dataset = await writeDataset(join(directory, 'dataset'), catalogue, parts);
  const encoder = await benchEncoder(config, own.image.encoder, say);
  const textEncoder = await benchTextEncoder(config, own, {}, say);
  const processes = benchProcesses();
  const [text, image, tuning] = ['text', 'image', 'tuning.safetensors'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  try {
    say('Training on one half.');
    const features = { directory: join(config.VAR_DIR, 'bench', 'features'), ml: processes.vision };
    const shards = await benchFeatures(own, encoder, catalogue, features);
    const common = { family: own.name, dataset, seed: SEED, parameters: {} };
    await processes.text.run('trainText', { ...common, ...textEncoder, directory: text });
    await processes.vision.run('trainImage', { ...common, shards, directory: image });
    const honest = (recipe: { outOfFold: boolean }, folder: string) =>
      recipe.outOfFold ? join(folder, 'out-of-fold.safetensors') : null;
    await processes.vision.run('score', {
      ...{ family: own.name, dataset, shards, part: 'tuning', file: tuning },
      ...{ textModel: join(text, 'model'), textEncoder: textEncoder.encoder?.file ?? null },
      imageModel: join(image, 'model'),
      ...{ textOutOfFold: honest(own.text, text), imageOutOfFold: honest(own.image, image) },
    });
  } finally {
    await processes.close();
  }
  const fusion = tune(await readScores(tuning), own.fusion);
  const textModel = await own.text.load(join(text, 'model'), textEncoder.encoder?.file ?? null);
  const imageModel = await own.image.load(join(image, 'model'), encoder.file);
  const sentences =
    textEncoder.encoder && (await createTextEncoder(textEncoder.encoder.file, { threads: 1 }));
  const form = await pixelForm(encoder.file);
  const learnt = [...parts.train, ...parts.validation];
  const knownWords = await collectKnownWords(learnt.map((row) => vocabularyOf(readText(row))));
  const known = openKnownWords(knownWords);

  return {
    knownWords,
    heldOut: parts.test,
    async answer(change) {
      const features: DriftFeatures[] = [];
      const microseconds: number[] = [];
      for (const row of parts.test) {
        const product = change.text?.(row) ?? row;
        const bytes = row.picture && (await readFile(join(catalogue.directory, row.picture.file)));
        const pixels = bytes && (await imageModel.prepare(bytes));
        if (pixels) change.picture?.(pixels, form);
        const pictureFeatures = pixels && (await imageModel.encode([pixels]));
        const { designation, whole } = sentencesOf(product);
        const textFeatures = sentences && scaled(await sentences.encode([designation, whole]));
        const probabilities = fuse(
          {
            text: await textModel.predict([product]),
            image: pictureFeatures
              ? await imageModel.classify(pictureFeatures, 1)
              : new Float32Array(CLASSES).fill(1 / CLASSES),
            hasText: [textModel.reads(product) ? 1 : 0],
            hasPicture: [pixels ? 1 : 0],
          },
          fusion,
        );
        const size = bytes && (await readPictureHeader(bytes));
        const picture = pixels && size && { pixels, form, width: size.width, height: size.height };
        const from = performance.now();
        features.push(
          driftFeatures({ product, probabilities, picture, textFeatures, pictureFeatures }, known),
        );
        microseconds.push(1000 * (performance.now() - from));
      }
      return { features, microseconds };
    },
    async close() {
      textModel.dispose();
      imageModel.dispose();
      await sentences?.close();
    },
  };
}

function scaled(features: Float32Array): Float32Array {
  scaleHalves(features);
  return features;
}

async function pixelForm(encoder: string): Promise<PixelForm> {
  const { descriptor } = await readEncoder(encoder);
  if (descriptor.kind !== 'image') throw new Error(`${descriptor.name} is no encoder of pictures`);
  const { layout, mean, scale } = descriptor.input;
  return { layout, mean, scale, channels: [0, 1, 2] };
}
