import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../../data/atomic.ts';
import type { ProductText } from '../../../data/catalogue.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { Probabilities } from '../../evaluation/rows.ts';
import type { TextModel } from '../../family.ts';
import { softmaxOf } from '../../linear/temperature.ts';
import { type NamedArray, readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { readDescription } from '../description.ts';
import { attribute } from './attribute.ts';
import { type Idf, weigh } from './features.ts';
import { COLUMNS, createGramCounter } from './grams.ts';
import { type NgramParameters, ngramSchema } from './parameters.ts';

const WEIGHTS = 'weights.safetensors';
const DESCRIPTION = 'ngram.json';
const CLASSES = TYPE_CODES.length;

const descriptionSchema = z.object({
  format: z.literal(1),
  recipe: z.literal('ngram'),
  temperature: z.number().positive(),
  parameters: ngramSchema,
});

export interface StoredNgram {
  readonly parameters: NgramParameters;
  readonly temperature: number;
  readonly idf: Idf;
  /** [CLASSES][COLUMNS] */
  readonly weights: readonly Float32Array[];
  readonly bias: Float32Array;
}

/** Writes a finished model: weights.safetensors (weights [COLUMNS, 27], bias [27], idf [COLUMNS]) and ngram.json. */
export async function saveNgram(directory: string, model: StoredNgram): Promise<void> {
  const { parameters, temperature, idf, bias } = model;
  // A column's weights for all classes side by side: a prediction reads a few hundred columns.
  const weights = new Float32Array(COLUMNS * CLASSES);
  model.weights.forEach((own, label) => {
    for (let column = 0; column < COLUMNS; column++) {
      weights[column * CLASSES + label] = own[column] as number;
    }
  });
  const description = { format: 1, recipe: 'ngram', temperature, parameters };
  await writeAtomic(join(directory, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
  await writeSafetensors(join(directory, WEIGHTS), {
    weights: { shape: [COLUMNS, CLASSES], data: weights },
    bias: { shape: [CLASSES], data: bias },
    idf: { shape: [COLUMNS], data: idf },
  });
}

/** @throws EtiquetteError MODEL_FILE_CORRUPT or MODEL_FILES_MISMATCH when the files are damaged or do not fit. */
export async function loadNgram(directory: string): Promise<TextModel> {
  const { parameters, temperature } = await readDescription(join(directory, DESCRIPTION), descriptionSchema);
  const arrays = await readSafetensors(join(directory, WEIGHTS));
  const weights = dataOf(arrays.weights, [COLUMNS, CLASSES]);
  const bias = dataOf(arrays.bias, [CLASSES]);
  const idf = dataOf(arrays.idf, [COLUMNS]);
  const count = createGramCounter();

  const predictOne = (product: ProductText): Float32Array | null => {
    const grams = count(product);
    const { columns } = grams;
    if (columns.length === 0) return null;
    const values = new Float32Array(columns.length);
    weigh(grams, idf, parameters, values);
    const margins = Float64Array.from(bias);
    for (let at = 0; at < columns.length; at++) {
      const value = values[at] as number;
      const start = (columns[at] as number) * CLASSES;
      for (let label = 0; label < CLASSES; label++) {
        margins[label] = (margins[label] as number) + value * (weights[start + label] as number);
      }
    }
    return softmaxOf(Float32Array.from(margins), CLASSES, temperature);
  };

  return {
    reads: (product) => count(product).columns.length > 0,
    async predict(products: readonly ProductText[]): Promise<Probabilities> {
      const probabilities = new Float32Array(products.length * CLASSES).fill(1 / CLASSES);
      products.forEach((product, row) => {
        const found = predictOne(product);
        if (found) probabilities.set(found, row * CLASSES);
      });
      return probabilities;
    },
    contributions: (product, column) => ({
      words: attribute(product, count(product), { weights, idf, parameters }, column),
      bias: bias[column] as number,
    }),
    dispose() {},
  };
}

function dataOf(array: NamedArray | undefined, shape: readonly number[]): Float32Array {
  if (array === undefined || array.shape.join() !== shape.join()) {
    throw new EtiquetteError(
      'MODEL_FILES_MISMATCH',
      `The n-gram model needs an array of shape [${shape}], its file has ${array ? `[${array.shape}]` : 'none'}. ` +
        'It comes from another version: train it again.',
    );
  }
  return array.data;
}
