import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { EtiquetteError } from '../../errors.ts';
import { type EncoderDescriptor, type InstalledEncoder, MODEL } from './descriptor.ts';
import { prepareImage } from './image-input.ts';
import { openOnnxSession } from './onnx-session.ts';

export interface ImageEncoder {
  readonly featureSize: number;
  readonly layout: 'NCHW' | 'NHWC';
  /** A picture file's bytes -> one picture for `encode`; see `prepareImage`. */
  prepare(bytes: Uint8Array): Promise<Float32Array>;
  /** Prepared pictures -> features, row-major [n * featureSize]. A picture's row does not depend on the others. */
  encode(pictures: readonly Float32Array[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Loads an image encoder (see `readEncoder`) into onnxruntime.
 * @param options.threads cores that one `encode` may use
 * @throws EtiquetteError ENCODER_KIND_WRONG, ENCODER_FILE_INVALID
 */
export async function loadImageEncoder(
  { directory, descriptor }: InstalledEncoder<EncoderDescriptor>,
  { threads }: { readonly threads: number },
): Promise<ImageEncoder> {
  if (descriptor.kind !== 'image') {
    throw new EtiquetteError(
      'ENCODER_KIND_WRONG',
      `${descriptor.name} is an encoder of texts. Name one of pictures.`,
    );
  }
  const { input, output } = descriptor;
  const session = await openOnnxSession(join(directory, MODEL), { threads, inputs: [input.name], output });
  const { size } = input;
  const shape = input.layout === 'NCHW' ? [1, 3, size, size] : [1, size, size, 3];
  /** One picture a run: a batch is no faster on a CPU, and another batch size may round otherwise. */
  const encodeOne = (pixels: Float32Array): Promise<Float32Array> =>
    session.run({ [input.name]: new Tensor('float32', pixels, shape) });

  return {
    featureSize: output.features,
    layout: input.layout,
    prepare: (bytes) => prepareImage(bytes, input),
    async encode(pictures) {
      const rows = new Float32Array(pictures.length * output.features);
      for (const [index, pixels] of pictures.entries())
        rows.set(await encodeOne(pixels), index * output.features);
      return rows;
    },
    release: () => session.release(),
  };
}
