import { join } from 'node:path';
import { processThreads } from '../../runtime/process-threads.ts';
import type { TensorFlow } from '../../training/operations.ts';
import { createVgg16Encoder } from './encoder.ts';
import { loadVgg16 } from './encoder-file.ts';
import { OUTPUT as FEATURES, INPUT as PIXELS } from './graph.ts';

/** What a model folder with an engine of its own has beside image.json and head.safetensors. */
export const QUICK_CONVOLUTIONS = 'convolutions.onnx';

/** The convolutions in an engine: features, row-major [n * featureSize], of n pictures as `decodePicture` gives them. */
export interface ConvolutionEngine {
  readonly featureSize: number;
  encode(pixels: readonly Float32Array[]): Promise<Float32Array>;
  dispose(): void;
}

/** In float, in TensorFlow. @throws EtiquetteError MODEL_FILE_CORRUPT, ENCODER_FILE_INVALID */
export async function inTensorFlow(tf: TensorFlow, file: string, size: number): Promise<ConvolutionEngine> {
  const { featureSize, encode, dispose } = createVgg16Encoder(tf, await loadVgg16(file), size);
  return { featureSize, encode: async (pixels) => encode(pixels), dispose };
}

/**
 * A model folder's own convolutions in 8 bits, in onnxruntime.
 * @throws whatever keeps onnxruntime from running on this host, or from reading the file
 */
export async function inOnnxRuntime(
  directory: string,
  { size, featureSize }: { readonly size: number; readonly featureSize: number },
): Promise<ConvolutionEngine> {
  // The ML child process alone loads it.
  const { Tensor } = await import('onnxruntime-node');
  const { openOnnxSession } = await import('../../encoders/onnx-session.ts');
  const session = await openOnnxSession(join(directory, QUICK_CONVOLUTIONS), {
    threads: processThreads(),
    inputs: [PIXELS],
    output: { name: FEATURES, features: featureSize },
  });
  return {
    featureSize,
    async encode(pixels) {
      const rows = new Float32Array(pixels.length * featureSize);
      // One picture a run: a batch is no faster on a CPU.
      for (const [index, picture] of pixels.entries()) {
        const input = new Tensor('float32', picture, [1, size, size, 3]);
        rows.set(await session.run({ [PIXELS]: input }), index * featureSize);
      }
      return rows;
    },
    dispose() {
      session.release().catch(() => {});
    },
  };
}
