import { readEncoder } from '../../encoders/descriptor.ts';
import type { ImageEncoder } from '../../encoders/image-session.ts';
import type { ComputeFeaturesInput, JobContext } from '../../runtime/jobs.ts';
import { processThreads } from '../../runtime/process-threads.ts';
import { computeShard } from '../compute-shard.ts';

/** The session of the last shard: a worker computes many shards with the same encoder. */
let warm: { readonly sha256: string; readonly encoder: ImageEncoder } | undefined;

/** The recipe's computeFeatures. */
export async function computeFeatures(
  input: ComputeFeaturesInput,
  context: JobContext,
): Promise<{ computed: number }> {
  const encoder = await sessionOf(input.encoder);
  return computeShard(
    {
      shard: input.shard,
      picturesDirectory: input.picturesDirectory,
      encoder: input.encoder.sha256,
      featureSize: encoder.featureSize,
      decode: encoder.prepare,
      encode: encoder.encode,
    },
    context,
  );
}

/** onnxruntime is loaded in the ML child only, hence here and not above. */
export async function openSession(directory: string): Promise<ImageEncoder> {
  const { loadImageEncoder } = await import('../../encoders/image-session.ts');
  return loadImageEncoder(await readEncoder(directory), { threads: processThreads() });
}

async function sessionOf({ file, sha256 }: ComputeFeaturesInput['encoder']): Promise<ImageEncoder> {
  if (warm?.sha256 === sha256) return warm.encoder;
  await warm?.encoder.release();
  warm = undefined;
  warm = { sha256, encoder: await openSession(file) };
  return warm.encoder;
}
