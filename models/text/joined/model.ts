import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from '../../../data/atomic.ts';
import type { ProductText } from '../../../data/catalogue.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { TextModel, TextReading } from '../../family.ts';
import type { SoftmaxModel } from '../../linear/softmax.ts';
import { readDescription } from '../description.ts';
import { loadNgram, type StoredNgram, saveNgram } from '../ngram/model.ts';
import { saveHead } from '../sentence/head-file.ts';
import { loadSentenceModel, type SentenceModel } from '../sentence/model.ts';
import { type Calibration, calibrate, logarithms } from './calibration.ts';
import { type Join, joinedScores } from './join.ts';

const CLASSES = TYPE_CODES.length;
const DESCRIPTION = 'text.json';
const NGRAM = 'ngram';
const HEAD = 'sentence.safetensors';

const calibrationSchema = z.object({ temperature: z.number().positive(), floor: z.number().min(0).max(1) });

const descriptionSchema = z.object({
  format: z.literal(1),
  recipe: z.literal('joined'),
  ngram: calibrationSchema,
  /** null: the n-grams answer alone. */
  sentence: z.object({ own: calibrationSchema, together: calibrationSchema }).nullable(),
});

export interface StoredJoined {
  readonly ngram: StoredNgram;
  /** How far the n-grams are to be believed. */
  readonly honest: Calibration;
  /** The head on the encoder's features, and how far it and both together are; null: n-grams alone. */
  readonly sentence: {
    readonly head: SoftmaxModel;
    readonly own: Calibration;
    readonly together: Calibration;
  } | null;
}

/** Writes a finished model: text.json, the n-gram model in ngram/, and with an encoder its head. */
export async function saveJoined(
  directory: string,
  { ngram, honest, sentence }: StoredJoined,
): Promise<void> {
  await saveNgram(join(directory, NGRAM), ngram);
  if (sentence) await saveHead(join(directory, HEAD), sentence.head);
  const description: z.input<typeof descriptionSchema> = {
    format: 1,
    recipe: 'joined',
    ngram: honest,
    sentence: sentence && { own: sentence.own, together: sentence.together },
  };
  await writeAtomic(join(directory, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
}

/**
 * @param encoder the folder of the encoder that it was trained with; null: none
 * @throws EtiquetteError MODEL_FILE_CORRUPT, MODEL_FILES_MISMATCH, ENCODER_MISSING, ENCODER_MISMATCH
 */
export async function loadJoined(directory: string, encoder: string | null): Promise<TextModel> {
  const { ngram: honest, sentence } = await readDescription(join(directory, DESCRIPTION), descriptionSchema);
  const ngram = await loadNgram(join(directory, NGRAM));
  if (sentence === null) {
    return {
      ...ngram,
      predict: async (products) => calibrate(logarithms(await ngram.predict(products)), CLASSES, honest),
    };
  }
  if (encoder === null) {
    throw new EtiquetteError(
      'ENCODER_MISSING',
      `The text model in ${directory} was trained with a sentence encoder. Load it with the one that its bundle names.`,
    );
  }
  const meaning = await loadSentenceModel(join(directory, HEAD), encoder, CLASSES);
  return joinedModel(ngram, meaning, {
    ngram: honest,
    sentence: sentence.own,
    together: sentence.together,
  });
}

/** It has no `contributions`: n-grams' weights are only half of what it says. */
function joinedModel(ngram: TextModel, meaning: SentenceModel, how: Join): TextModel {
  return {
    reads: ngram.reads,
    predict: async (products) => (await read(products)).probabilities,
    read,
    dispose() {
      ngram.dispose();
      meaning.close().catch(() => {});
    },
  };

  async function read(products: readonly ProductText[]): Promise<TextReading> {
    const probabilities = new Float32Array(products.length * CLASSES).fill(1 / CLASSES);
    const places = [...products.keys()].filter((row) => ngram.reads(products[row] as ProductText));
    const readable = places.map((row) => products[row] as ProductText);
    const { scores: meant, features: all } = await meaning.read(readable);
    const scores = joinedScores(await ngram.predict(readable), meant, CLASSES, how);
    const found = calibrate(scores, CLASSES, how.together);
    const size = all.length / Math.max(1, readable.length);
    const features: (Float32Array | null)[] = products.map(() => null);
    places.forEach((row, at) => {
      probabilities.set(found.subarray(at * CLASSES, (at + 1) * CLASSES), row * CLASSES);
      features[row] = all.subarray(at * size, (at + 1) * size);
    });
    return { probabilities, features };
  }
}
