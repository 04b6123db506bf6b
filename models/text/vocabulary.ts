import { z } from 'zod';
import { EtiquetteError } from '../../errors.ts';

/** Fills the places that a short text leaves. */
export const PADDING = 0;
/** Stands for every word that is not in the vocabulary. */
export const UNKNOWN = 1;
const UNKNOWN_WORD = '<OOV>';

/** Keras' Tokenizer splits at these; our words never hold one. */
const KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n';

/** Word numbers as an embedding wants them: padding 0, unknown 1, then the words by falling frequency. */
export interface Vocabulary {
  /** One more than the largest number. */
  readonly size: number;
  readonly numbers: ReadonlyMap<string, number>;
}

/** A vocabulary with the counts it was made of. */
export interface FittedVocabulary extends Vocabulary {
  /** The original's tokenizer_config.json: what Keras' `Tokenizer.to_json` writes. Same rows, same bytes. */
  readonly kerasJson: string;
}

/**
 * Counts the words of the training rows and numbers the most frequent. Words of equal count are in code
 * unit order, so that the order of the rows does not matter.
 * @param size padding and unknown included: `size - 2` words are kept.
 */
export function fitVocabulary(documents: Iterable<readonly string[]>, size: number): FittedVocabulary {
  const counts = new Map<string, number>();
  const documentCounts = new Map<string, number>();
  let total = 0;
  for (const words of documents) {
    total += 1;
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const word of new Set(words)) documentCounts.set(word, (documentCounts.get(word) ?? 0) + 1);
  }
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([word]) => word);
  // Keras numbers every word and leaves the rare ones out when it encodes.
  const numbered = [UNKNOWN_WORD, ...ranked].map((word, rank) => [word, rank + 1] as const);
  const perDocument = ranked.map((word) => [word, documentCounts.get(word) ?? 0] as const);
  const numberOf = new Map(numbered);
  const config = {
    num_words: size,
    filters: KERAS_FILTERS,
    lower: true,
    split: ' ',
    char_level: false,
    oov_token: UNKNOWN_WORD,
    document_count: total,
    word_counts: jsonObject(ranked.map((word) => [word, counts.get(word) ?? 0])),
    word_docs: jsonObject(perDocument),
    index_docs: jsonObject(perDocument.map(([word, count]) => [String(numberOf.get(word)), count])),
    index_word: jsonObject(numbered.map(([word, number]) => [String(number), word])),
    word_index: jsonObject(numbered),
  };
  return {
    size,
    numbers: kept(numbered, size),
    kerasJson: JSON.stringify({ class_name: 'Tokenizer', config }),
  };
}

const kerasSchema = z.object({
  config: z.object({
    num_words: z.number().int().min(3),
    oov_token: z.literal(UNKNOWN_WORD),
    word_index: z.string(),
  }),
});
const wordIndexSchema = z.record(z.string(), z.number().int().min(1));

/**
 * Reads a tokenizer_config.json, ours or the original's.
 * @throws EtiquetteError TOKENIZER_INVALID when it is not one, or has no <OOV> word.
 */
export function vocabularyFromKeras(json: string): Vocabulary {
  try {
    const { config } = kerasSchema.parse(JSON.parse(json));
    const numbered = Object.entries(wordIndexSchema.parse(JSON.parse(config.word_index)));
    if (!numbered.some(([word, number]) => word === UNKNOWN_WORD && number === UNKNOWN)) {
      throw new Error('word_index must number <OOV> 1');
    }
    return { size: config.num_words, numbers: kept(numbered, config.num_words) };
  } catch (cause) {
    throw new EtiquetteError(
      'TOKENIZER_INVALID',
      `tokenizer_config.json is not what Keras' Tokenizer(oov_token="<OOV>").to_json() writes. Export it again.`,
      { cause },
    );
  }
}

function kept(numbered: ReadonlyArray<readonly [string, number]>, size: number): Map<string, number> {
  return new Map(numbered.filter(([, number]) => number < size));
}

/** Keras keeps its five tables as JSON inside JSON. */
function jsonObject(entries: ReadonlyArray<readonly [string, unknown]>): string {
  return JSON.stringify(Object.fromEntries(entries));
}
