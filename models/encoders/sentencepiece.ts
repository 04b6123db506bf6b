import { readFile } from 'node:fs/promises';
import { SentencePieceProcessor } from '@agnai/sentencepiece-js';
import protobuf from 'protobufjs';
import { EtiquetteError } from '../../errors.ts';

/** Cuts texts into the numbered pieces of a SentencePiece model. */
export interface SentencePiece {
  /**
   * The pieces' ids between the model's begin and end of sentence, where it has them. At most `maxTokens`,
   * those two included: a longer text loses its end. Lone surrogates count as unknown characters.
   */
  encode(text: string): number[];
}

/** No piece is longer on average: what is beyond this many a token could only be cut off again. */
const CHARACTERS_PER_TOKEN = 16;

/** Only what is read here (sentencepiece_model.proto of github.com/google/sentencepiece). */
const SCHEMA = `
syntax = "proto2";
message Model { optional Trainer trainer = 2; }
message Trainer { optional int32 begin = 41 [default = 1]; optional int32 end = 42 [default = 2]; }
`;

/**
 * Reads a SentencePiece .model. Segmentation is SentencePiece's own: Viterbi for a unigram model, its compiled
 * normalisation (nmt_nfkc and others), a run of unknown characters as one unknown piece, and words such as
 * <s> in a text as the characters they are.
 * @throws EtiquetteError ENCODER_FILE_INVALID.
 */
export async function loadSentencePiece(
  file: string,
  { maxTokens }: { readonly maxTokens: number },
): Promise<SentencePiece> {
  const { begin, end } = await readEnds(file).catch((cause: unknown) => {
    throw invalid(file, cause);
  });
  const processor = new SentencePieceProcessor();
  await processor.load(file);
  // The processor does not say that it refused the file: it has no pieces then.
  if (processor.encodeIds('a').length === 0) throw invalid(file);
  const most = maxTokens - begin.length - end.length;
  return {
    encode(text) {
      const bounded = Buffer.from(text.slice(0, maxTokens * CHARACTERS_PER_TOKEN)).toString();
      return [...begin, ...processor.encodeIds(bounded).slice(0, most), ...end];
    },
  };
}

/** The ids that a text is put between; none where the model was trained without. */
async function readEnds(file: string): Promise<{ begin: number[]; end: number[] }> {
  const type = protobuf.parse(SCHEMA).root.lookupType('Model');
  const { trainer } = type.toObject(type.decode(await readFile(file)), { defaults: true });
  const known = (id: unknown) => (typeof id === 'number' && id >= 0 ? [id] : []);
  return { begin: known(trainer?.begin), end: known(trainer?.end) };
}

function invalid(file: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(
    'ENCODER_FILE_INVALID',
    `${file} is not a SentencePiece model. Fetch the encoder again.`,
    { cause },
  );
}
