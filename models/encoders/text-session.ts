import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { EtiquetteError } from '../../errors.ts';
import { type InstalledEncoder, MODEL, readEncoder } from './descriptor.ts';
import { openOnnxSession } from './onnx-session.ts';
import { loadTokenizer } from './tokenizer.ts';

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
 * Loads a text encoder (see `readEncoder`) into onnxruntime.
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
  const { ids, mask, types } = input.names;
  const { encode } = await loadTokenizer(join(directory, tokenizer.file), tokenizer.kind, input);
  const inputs = [ids, mask, types].filter((name) => name !== undefined);
  const session = await openOnnxSession(file, { threads, inputs, output });

  /** One text a run: a batch is hardly faster on a CPU, and another batch may round otherwise. */
  const encodeOne = async (row: readonly number[]): Promise<Float32Array> => {
    const tensor = (values: BigInt64Array) => new Tensor('int64', values, [1, row.length]);
    const feeds: Record<string, Tensor> = { [ids]: tensor(BigInt64Array.from(row, BigInt)) };
    if (mask !== undefined) feeds[mask] = tensor(new BigInt64Array(row.length).fill(1n));
    if (types !== undefined) feeds[types] = tensor(new BigInt64Array(row.length));
    return session.run(feeds);
  };

  return {
    featureSize: output.features,
    async encode(texts) {
      const rows = new Float32Array(texts.length * output.features);
      const done = new Map<string, Float32Array>();
      for (const [index, text] of texts.entries()) {
        const tokens = encode(text);
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
