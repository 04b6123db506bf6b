import { hashFile } from '../../../data/manifest.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { ComputeFeaturesInput, JobContext } from '../../runtime/jobs.ts';
import { tensorflow } from '../../runtime/tensorflow.ts';
import { computeShard } from '../compute-shard.ts';
import { decodePicture } from '../picture.ts';
import { createVgg16Encoder, type Vgg16Encoder } from './encoder.ts';
import { loadVgg16 } from './encoder-file.ts';
import { pictureSchema } from './picture-parameters.ts';

/** The encoder of the last shard: a worker computes many shards with the same one. */
let warm: { readonly key: string; readonly encoder: Vgg16Encoder } | undefined;

/** The recipe's computeFeatures; see `computeShard` for its promises. */
export async function computeFeatures(
  input: ComputeFeaturesInput,
  context: JobContext,
): Promise<{ computed: number }> {
  const parameters = pictureSchema.parse(input.parameters);
  const { encode, featureSize } = await encoderOf(input.encoder, parameters.size);
  return computeShard(
    {
      shard: input.shard,
      picturesDirectory: input.picturesDirectory,
      encoder: input.encoder.sha256,
      featureSize,
      decode: (bytes) => decodePicture(bytes, parameters),
      encode,
    },
    context,
  );
}

async function encoderOf(
  { file, sha256 }: ComputeFeaturesInput['encoder'],
  size: number,
): Promise<Vgg16Encoder> {
  const key = `${sha256} ${size}`;
  if (warm?.key === key) return warm.encoder;
  if ((await hashFile(file)) !== sha256) {
    throw new EtiquetteError(
      'ENCODER_CHANGED',
      `${file} is not the encoder that was planned with. Delete it: it is fetched again.`,
    );
  }
  warm?.encoder.dispose();
  warm = undefined;
  warm = { key, encoder: createVgg16Encoder(await tensorflow(), await loadVgg16(file), size) };
  return warm.encoder;
}
