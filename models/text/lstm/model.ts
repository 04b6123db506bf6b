import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../../data/atomic.ts';
import type { ProductText } from '../../../data/catalogue.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { Probabilities } from '../../evaluation/rows.ts';
import type { TextModel } from '../../family.ts';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { tensorflow } from '../../runtime/tensorflow.ts';
import { cleanerOf } from '../cleaners.ts';
import { vocabularyFromKeras } from '../vocabulary.ts';
import { createBatch } from './batches.ts';
import { createRowFinder } from './embedding-rows.ts';
import { createNetwork } from './network.ts';
import { type LstmParameters, lstmSchema, PLAIN_LSTM } from './parameters.ts';
import { type FusedName, type KerasWeights, kerasWeights, toFused } from './weights.ts';

const WEIGHTS = 'weights.safetensors';
const TOKENIZER = 'tokenizer_config.json';
const DESCRIPTION = 'text.json';
const CLASSES = TYPE_CODES.length;
const BATCH = 256;

const descriptionSchema = z.object({
  format: z.literal(1),
  recipe: z.literal('lstm'),
  parameters: z
    .record(z.string(), z.unknown())
    .transform((stored) => lstmSchema.parse({ ...PLAIN_LSTM, ...stored })),
});

export interface StoredLstm {
  readonly parameters: LstmParameters;
  readonly weights: KerasWeights;
  /** A Keras tokenizer_config.json. */
  readonly tokenizer: string;
}

/** Writes a finished model: weights.safetensors (Keras' names and gate order), tokenizer_config.json, text.json. */
export async function saveLstm(
  directory: string,
  { parameters, weights, tokenizer }: StoredLstm,
): Promise<void> {
  await writeAtomic(join(directory, TOKENIZER), tokenizer);
  await writeSafetensors(join(directory, WEIGHTS), weights);
  const description = { format: 1, recipe: 'lstm', parameters };
  await writeAtomic(join(directory, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
}

/**
 * @throws EtiquetteError MODEL_FILE_CORRUPT, TOKENIZER_INVALID or MODEL_FILES_MISMATCH when the files are
 * damaged or do not belong together.
 */
export async function loadLstm(directory: string): Promise<TextModel> {
  const parameters = await readParameters(join(directory, DESCRIPTION));
  const vocabulary = vocabularyFromKeras(await readFile(join(directory, TOKENIZER), 'utf8'));
  if (vocabulary.size > parameters.words) {
    throw new EtiquetteError(
      'MODEL_FILES_MISMATCH',
      `The tokenizer numbers ${vocabulary.size} words, the model knows ${parameters.words}. ` +
        'Its files come from different models: train or import it again.',
    );
  }
  const clean = cleanerOf(parameters.cleaning);
  const rowsOf = createRowFinder(vocabulary, parameters);
  const fused = toFused(kerasWeights(await readSafetensors(join(directory, WEIGHTS)), parameters));
  const tf = await tensorflow();
  const network = createNetwork(tf, parameters);
  const weights = new Map(
    Object.entries(fused).map(([name, { shape, data }]) => [name, tf.keep(tf.tensor(data, [...shape]))]),
  );
  const weightOf = (name: FusedName) => weights.get(name) as NonNullable<ReturnType<typeof weights.get>>;

  const predictBatch = (documents: readonly string[][]): Float32Array =>
    tf.tidy(() => {
      const texts = documents.map((words) => words.slice(0, parameters.length).map(rowsOf));
      return network.logits(weightOf, createBatch(texts, parameters)).softmax().dataSync<'float32'>();
    });

  return {
    reads: (product) => clean(product).length > 0,
    async predict(products: readonly ProductText[]): Promise<Probabilities> {
      const probabilities = new Float32Array(products.length * CLASSES).fill(1 / CLASSES);
      const readable = products
        .map(clean)
        .flatMap((words, row) => (words.length > 0 ? [{ words, row }] : []));
      for (let from = 0; from < readable.length; from += BATCH) {
        const batch = readable.slice(from, from + BATCH);
        const found = predictBatch(batch.map(({ words }) => words));
        batch.forEach(({ row }, at) => {
          probabilities.set(found.subarray(at * CLASSES, (at + 1) * CLASSES), row * CLASSES);
        });
      }
      return probabilities;
    },
    dispose() {
      network.dispose();
      for (const tensor of weights.values()) tensor.dispose();
    },
  };
}

async function readParameters(file: string): Promise<LstmParameters> {
  try {
    return descriptionSchema.parse(JSON.parse(await readFile(file, 'utf8'))).parameters;
  } catch (cause) {
    throw new EtiquetteError(
      'MODEL_FILE_CORRUPT',
      `${file} is missing, damaged or of another version. Train or fetch the model again.`,
      { cause },
    );
  }
}
