import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { EtiquetteError } from '../../errors.ts';
import { type InstalledEncoder, MODEL, readEncoder } from './descriptor.ts';
import { encoderInvalid, openOnnxSession } from './onnx-session.ts';
import { loadSentencePiece } from './sentencepiece.ts';

export interface TextEncoder {
  readonly featureSize: number;
  /**
   * Texts -> features, row-major [n * featureSize]. A text's row does not depend on the others; one that comes
   * to the same tokens as another (a designation without description) costs nothing.
   */
  encode(texts: readonly string[]): Promise<Float32Array>;
  close(): Promise<void>;
}

interface Options {
  /** Cores that one `encode` may use. */
  readonly threads: number;
}

/**
 * Opens a text encoder's folder, its files checked.
 * @throws EtiquetteError as `readEncoder` and `loadTextEncoder`
 * @example
 * const encoder = await createTextEncoder('var/encoders/use-multilingual-3-0123456789ab', { threads: 1 });
 * const features = await encoder.encode(['Piscine gonflable', 'Jeu de cartes']); // 2 * featureSize
 */
export async function createTextEncoder(directory: string, options: Options): Promise<TextEncoder> {
  return loadTextEncoder(await readEncoder(directory), options);
}

/**
 * Loads a text encoder (see `readEncoder`) into onnxruntime. Tokenizer kind `sentencepiece`; its model's inputs
 * are `ids` and, where it has one, `mask`, both int64 [texts, tokens].
 * @throws EtiquetteError ENCODER_KIND_WRONG, ENCODER_FILE_INVALID
 */
export async function loadTextEncoder(
  { directory, descriptor }: InstalledEncoder,
  { threads }: Options,
): Promise<TextEncoder> {
  if (descriptor.kind !== 'text') {
    throw new EtiquetteError(
      'ENCODER_KIND_WRONG',
      `${descriptor.name} is an encoder of pictures. Name one of texts.`,
    );
  }
  const { input, output, tokenizer } = descriptor;
  const file = join(directory, MODEL);
  const { ids, mask } = input.names;
  if (tokenizer.kind !== 'sentencepiece' || ids === undefined) {
    throw encoderInvalid(file, `a text encoder needs a tokenizer of kind sentencepiece and an input for ids`);
  }
  const pieces = await loadSentencePiece(join(directory, tokenizer.file), { maxTokens: input.maxTokens });
  const session = await openOnnxSession(file, {
    threads,
    inputs: mask === undefined ? [ids] : [ids, mask],
    output,
  });

  /** One text a run: a batch is hardly faster on a CPU, and another batch may round otherwise. */
  const encodeOne = async (row: readonly number[]): Promise<Float32Array> => {
    const tokens = BigInt64Array.from(row, (id) => BigInt(id));
    const shape = [1, tokens.length];
    const feeds: Record<string, Tensor> = { [ids]: new Tensor('int64', tokens, shape) };
    if (mask !== undefined) {
      feeds[mask] = new Tensor('int64', new BigInt64Array(tokens.length).fill(1n), shape);
    }
    return session.run(feeds);
  };

  return {
    featureSize: output.features,
    async encode(texts) {
      const rows = new Float32Array(texts.length * output.features);
      const done = new Map<string, Float32Array>();
      for (const [index, text] of texts.entries()) {
        const tokens = pieces.encode(text);
        const key = tokens.join();
        const features = done.get(key) ?? (await encodeOne(tokens));
        done.set(key, features);
        rows.set(features, index * output.features);
      }
      return rows;
    },
    close: () => session.release(),
  };
}
