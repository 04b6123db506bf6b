import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { EtiquetteError } from '../../errors.ts';
import type { EncoderDescriptor } from './descriptor.ts';

export interface OnnxSession {
  /** The features that the model gives for one picture or text. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface OnnxSessionOptions {
  /** Cores that one `run` may use. */
  readonly threads: number;
  readonly inputs: readonly string[];
  readonly output: EncoderDescriptor['output'];
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
    // A thread that waits sleeps: spinning costs as much CPU again as the work, and takes it from other processes.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
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
      const found = results[output.name];
      const row = found?.data instanceof Float32Array ? pool(found.data, found.dims, output) : null;
      if (row === null) {
        const pooling = output.pooling ?? 'none';
        throw encoderInvalid(
          file,
          `the descriptor says ${output.features} features (pooling ${pooling}), the model gives ${found?.type} [${found?.dims}]`,
        );
      }
      return row;
    },
    release: () => session.release(),
  };
}

/** null: the output has not the shape that its description says. */
function pool(
  data: Float32Array,
  dims: readonly number[],
  { features, pooling = 'none' }: EncoderDescriptor['output'],
): Float32Array | null {
  if (pooling === 'none') return data.length === features ? data : null;
  const [batch, tokens = 0, size] = dims;
  if (dims.length !== 3 || batch !== 1 || tokens === 0 || size !== features) return null;
  if (pooling === 'cls') return data.slice(0, features);
  const sums = new Float64Array(features);
  data.forEach((value, at) => {
    sums[at % features] = (sums[at % features] as number) + value;
  });
  return Float32Array.from(sums, (sum) => sum / tokens);
}

/** An encoder whose model or descriptor does not fit the other. */
export function encoderInvalid(file: string, why: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(
    'ENCODER_FILE_INVALID',
    `${file} does not fit its descriptor: ${why}. Correct the descriptor or export the model again.`,
    cause === undefined ? {} : { cause },
  );
}
