import { EtiquetteError } from '../../../errors.ts';
import type { SoftmaxModel } from '../../linear/softmax.ts';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';

/** Writes a head: weights [classes, 2 * featureSize], bias [classes]. */
export async function saveHead(file: string, { weights, bias }: SoftmaxModel): Promise<void> {
  const classes = bias.length;
  await writeSafetensors(file, {
    weights: { shape: [classes, weights.length / classes], data: weights },
    bias: { shape: [classes], data: bias },
  });
}

/** @throws EtiquetteError MODEL_FILE_CORRUPT */
export async function loadHead(
  file: string,
  classes: number,
): Promise<{ readonly model: SoftmaxModel; readonly size: number }> {
  const { weights, bias } = await readSafetensors(file);
  const size = weights?.shape[1];
  if (!weights || size === undefined || weights.shape[0] !== classes || bias?.data.length !== classes) {
    throw new EtiquetteError(
      'MODEL_FILE_CORRUPT',
      `${file} is no head for ${classes} codes. Train or fetch the model again.`,
    );
  }
  return { model: { weights: weights.data, bias: bias.data }, size };
}
