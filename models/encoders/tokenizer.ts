import { readFile } from 'node:fs/promises';
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers';
import { EtiquetteError } from '../../errors.ts';
import type { TextEncoderDescriptor } from './descriptor.ts';
import { loadSentencePiece } from './sentencepiece.ts';

/** Cuts texts into the numbered tokens that an encoder was trained on. */
export interface Tokenizer {
  /** At most maxTokens, those that mark begin and end included: a longer text loses its end. */
  encode(text: string): number[];
}

/**
 * Reads a tokenizer of the kind that the encoder's descriptor names.
 * @throws EtiquetteError ENCODER_FILE_INVALID
 */
export async function loadTokenizer(
  file: string,
  kind: TextEncoderDescriptor['tokenizer']['kind'],
  { maxTokens, prefix = '' }: Pick<TextEncoderDescriptor['input'], 'maxTokens' | 'prefix'>,
): Promise<Tokenizer> {
  const { encode } = await (kind === 'sentencepiece'
    ? loadSentencePiece(file, { maxTokens })
    : loadHuggingFace(file, maxTokens));
  return prefix === '' ? { encode } : { encode: (text) => encode(prefix + text) };
}

/** No token is longer on average: what is beyond this many characters a token could only be cut off again. */
const CHARACTERS_PER_TOKEN = 16;

/** A tokenizer.json as Hugging Face's libraries write it. */
async function loadHuggingFace(file: string, maxTokens: number): Promise<Tokenizer> {
  let tokenizer: HuggingFace;
  try {
    tokenizer = new HuggingFace(JSON.parse(await readFile(file, 'utf8')), {});
    tokenizer.encode('a');
  } catch (cause) {
    throw new EtiquetteError(
      'ENCODER_FILE_INVALID',
      `${file} is no tokenizer.json that can be read: ${cause instanceof Error ? cause.message : cause}. Export it again.`,
      { cause },
    );
  }
  return {
    encode(text) {
      const bounded = text.slice(0, maxTokens * CHARACTERS_PER_TOKEN);
      const { ids } = tokenizer.encode(bounded);
      if (ids.length <= maxTokens) return ids;
      // The marks stay: what is cut off is the end of the text between them.
      const { ids: body } = tokenizer.encode(bounded, { add_special_tokens: false });
      const before = Math.max(0, ids.indexOf(body[0] ?? -1));
      const after = ids.slice(before + body.length);
      return [...ids.slice(0, before), ...body.slice(0, maxTokens - before - after.length), ...after];
    },
  };
}
