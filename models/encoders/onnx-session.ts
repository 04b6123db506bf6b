import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { EtiquetteError } from '../../errors.ts';

export interface OnnxSession {
  /** The features that the model gives for one picture or text. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface OnnxSessionOptions {
  /** Cores that one `run` may use. */
  readonly threads: number;
  readonly inputs: readonly string[];
  readonly output: { readonly name: string; readonly features: number };
}

/**
 * Loads an encoder's model into onnxruntime and holds it to its descriptor.
 * @throws EtiquetteError ENCODER_FILE_INVALID
 */
export async function openOnnxSession(
  file: string,
  { threads, inputs, output }: OnnxSessionOptions,
): Promise<OnnxSession> {
  const session = await InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  }).catch((cause: unknown) => {
    throw encoderInvalid(file, `onnxruntime cannot load it: ${String(cause)}`, cause);
  });
  if (
    !inputs.every((name) => session.inputNames.includes(name)) ||
    !session.outputNames.includes(output.name)
  ) {
    const names = `inputs ${session.inputNames}, outputs ${session.outputNames}`;
    await session.release();
    throw encoderInvalid(file, `the descriptor says ${inputs} -> ${output.name}, the model has ${names}`);
  }
  return {
    async run(feeds) {
      const results = await session.run(feeds, [output.name]);
      const features = results[output.name]?.data;
      if (!(features instanceof Float32Array) || features.length !== output.features) {
        throw encoderInvalid(
          file,
          `the descriptor says ${output.features} float32 features, the model gives ${features?.length}`,
        );
      }
      return features;
    },
    release: () => session.release(),
  };
}

/** An encoder whose model or descriptor does not fit the other. */
export function encoderInvalid(file: string, why: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(
    'ENCODER_FILE_INVALID',
    `${file} does not fit its descriptor: ${why}. Correct the descriptor or export the model again.`,
    cause === undefined ? {} : { cause },
  );
}
