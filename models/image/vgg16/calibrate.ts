import { encodeOnnx } from '../../onnx/write.ts';
import { processThreads } from '../../runtime/process-threads.ts';
import type { Arrays } from '../../runtime/safetensors.ts';
import { CONVOLUTIONS } from './architecture.ts';
import { INPUT, vgg16Graph } from './graph.ts';

/** What a convolution gives, channel by channel, after its ReLU. */
export interface ChannelRange {
  /** The largest value in any picture. */
  readonly most: Float32Array;
  readonly mean: Float32Array;
}

/** By the convolution's name. */
export type Calibration = Readonly<Record<string, ChannelRange>>;

/**
 * Sends pictures through the float convolutions and notes what each channel gives. The order of the pictures counts
 * in the last digits of the means; the number of threads does not.
 * @param pictures each [size, size, 3] as `decodePicture` gives it; one at least
 * @param threads cores to use
 */
export async function calibrate(
  weights: Arrays,
  size: number,
  pictures: AsyncIterable<Float32Array>,
  threads = processThreads(),
): Promise<Calibration> {
  // The ML child process alone loads it.
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const model = vgg16Graph(weights, size);
  const outputs = CONVOLUTIONS.map(
    ({ name }) =>
      ({ name, type: 'float', shape: [1, `${name} channels`, `${name} rows`, `${name} columns`] }) as const,
  );
  const session = await InferenceSession.create(encodeOnnx({ ...model, outputs }), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const tallies = CONVOLUTIONS.map(({ name }) => {
    const channels = weights[`${name}/bias`]?.data.length ?? 0;
    return { name, most: new Float32Array(channels), sum: new Float64Array(channels) };
  });
  let count = 0;
  try {
    for await (const pixels of pictures) {
      const found = await session.run({ [INPUT]: new Tensor('float32', pixels, [1, size, size, 3]) });
      for (const { name, most, sum } of tallies) {
        const data = found[name]?.data as Float32Array;
        const area = data.length / most.length;
        for (let channel = 0; channel < most.length; channel++) {
          let largest = most[channel] as number;
          let total = 0;
          for (let at = channel * area; at < (channel + 1) * area; at++) {
            const value = data[at] as number;
            total += value;
            if (value > largest) largest = value;
          }
          most[channel] = largest;
          sum[channel] = (sum[channel] as number) + total / area;
        }
        found[name]?.dispose();
      }
      count += 1;
    }
  } finally {
    await session.release();
  }
  if (count === 0) throw new Error('there is no picture to calibrate on');
  return Object.fromEntries(
    tallies.map(({ name, most, sum }) => [
      name,
      { most, mean: Float32Array.from(sum, (value) => value / count) },
    ]),
  );
}
