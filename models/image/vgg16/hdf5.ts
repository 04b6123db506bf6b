import type * as H5 from 'h5wasm/node';
import { EtiquetteError } from '../../../errors.ts';
import type { Arrays, NamedArray } from '../../runtime/safetensors.ts';
import { CONVOLUTIONS } from './architecture.ts';

/**
 * Finds VGG16's 13 convolutions in a Keras .h5 file, whoever wrote it: kernels of 3 x 3 in the order of
 * their paths (block1... before block2...), each with the bias that lies beside it.
 * @throws EtiquetteError ENCODER_FILE_INVALID when they are not exactly VGG16's.
 */
export async function readConvolutions(file: string): Promise<Arrays> {
  // Only when needed: it starts a WebAssembly machine of its own.
  const h5: typeof H5 = await import('h5wasm/node');
  await h5.ready;
  const source = new h5.File(file, 'r');
  let groups: NamedArray[][];
  try {
    groups = layersOf(h5, source);
  } finally {
    source.close();
  }
  const layers = groups.flatMap((arrays) => {
    const kernel = arrays.find(({ shape }) => shape.length === 4 && shape[0] === 3 && shape[1] === 3);
    const bias = arrays.find(({ shape }) => shape.length === 1);
    return kernel && bias ? [{ kernel, bias }] : [];
  });
  const fits =
    layers.length === CONVOLUTIONS.length &&
    CONVOLUTIONS.every(({ inputs, outputs }, index) => {
      const { kernel, bias } = layers[index] as (typeof layers)[number];
      return kernel.shape[2] === inputs && kernel.shape[3] === outputs && bias.shape[0] === outputs;
    });
  if (!fits) {
    throw new EtiquetteError(
      'ENCODER_FILE_INVALID',
      `${file} does not hold the 13 convolutions of VGG16. Give Keras' "notop" weights with "tf" kernels.`,
    );
  }
  const arrays: Record<string, NamedArray> = {};
  CONVOLUTIONS.forEach(({ name }, index) => {
    const { kernel, bias } = layers[index] as (typeof layers)[number];
    arrays[`${name}/kernel`] = kernel;
    arrays[`${name}/bias`] = bias;
  });
  return arrays;
}

/** The arrays of every group that holds any, groups in the order of their paths. */
function layersOf(h5: typeof H5, group: H5.Group): NamedArray[][] {
  const own: NamedArray[] = [];
  const below: NamedArray[][] = [];
  for (const name of group.keys().sort()) {
    const entity = group.get(name);
    if (entity instanceof h5.Group) below.push(...layersOf(h5, entity));
    if (entity instanceof h5.Dataset) own.push(...arrayOf(entity));
  }
  return own.length > 0 ? [own, ...below] : below;
}

function arrayOf(dataset: H5.Dataset): NamedArray[] {
  const { shape } = dataset;
  // Strings and scalars lie among the weights too.
  if (shape === null || dataset.dtype !== '<f' || shape.length === 0) return [];
  return [{ shape, data: dataset.value as Float32Array }];
}
