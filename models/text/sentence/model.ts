import type { ProductText } from '../../../data/catalogue.ts';
import { EtiquetteError } from '../../../errors.ts';
import { softmaxScores } from '../../linear/softmax.ts';
import { scaleHalves } from './halves.ts';
import { loadHead } from './head-file.ts';
import { sentencesOf } from './texts.ts';

/** A loaded encoder with its head. */
export interface SentenceModel {
  /**
   * Scores of n products, row-major [n * classes]: their softmax are probabilities; and what the head read of each,
   * row-major [n * 2 * featureSize], see `scaleHalves`.
   */
  read(
    products: readonly ProductText[],
  ): Promise<{ readonly scores: Float32Array; readonly features: Float32Array }>;
  close(): Promise<void>;
}

/**
 * @param file the head's, see `saveHead`
 * @param encoder the folder of the encoder that the head was trained on
 * @throws EtiquetteError MODEL_FILE_CORRUPT, ENCODER_MISMATCH, and as `createTextEncoder`
 */
export async function loadSentenceModel(
  file: string,
  encoder: string,
  classes: number,
): Promise<SentenceModel> {
  const { model, size } = await loadHead(file, classes);
  // onnxruntime is loaded in the ML child only, hence here and not above.
  const { createTextEncoder } = await import('../../encoders/text-session.ts');
  const { encode, featureSize, close } = await createTextEncoder(encoder, { threads: 1 });
  if (2 * featureSize !== size) {
    await close();
    throw new EtiquetteError(
      'ENCODER_MISMATCH',
      `${file} wants ${size / 2} features and ${encoder} gives ${featureSize}. Use the encoder that its bundle names.`,
    );
  }
  return {
    async read(products) {
      const texts = products.map(sentencesOf);
      const features = await encode(texts.flatMap(({ designation, whole }) => [designation, whole]));
      for (let from = 0; from < features.length; from += size) {
        scaleHalves(features.subarray(from, from + size));
      }
      return { scores: softmaxScores(model, features, size), features };
    },
    close,
  };
}
