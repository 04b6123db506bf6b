import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import h5wasm, { Dataset, File, Group } from 'h5wasm/node';
import { z } from 'zod';
import { EtiquetteError } from '../../errors.ts';
import type { NamedArray } from '../runtime/safetensors.ts';

/** A layer as its model's configuration describes it. */
export interface KerasLayer {
  readonly name: string;
  /** Keras' class: Dense, LSTM... */
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** By Keras' short name: kernel, bias, embeddings... */
  readonly weights: Readonly<Record<string, NamedArray>>;
}

/** A saved model whose layers follow one another; layers of a model within the model are taken out of it. */
export interface KerasModel {
  /** For messages. */
  readonly file: string;
  readonly layers: readonly KerasLayer[];
  /** Without the batch; null where any size goes, empty where the file does not say. */
  readonly inputShape: readonly (number | null)[];
}

/** Groups in groups in an .h5 by Keras: weights lie 5 deep at most. */
const DEEPEST = 10;

const layerSchema = z.object({
  class_name: z.string(),
  config: z.looseObject({ name: z.string().optional(), layers: z.array(z.unknown()).optional() }),
});
type LayerConfig = z.infer<typeof layerSchema>;

/**
 * Reads an .h5 that `model.save` of Keras 2 or Keras 3 wrote. Nothing of it is run: the configuration is read
 * as data and the weights as arrays.
 * @throws EtiquetteError IMPORT_FILE_MISSING, IMPORT_FILE_UNREADABLE, IMPORT_WEIGHTS_NOT_FINITE.
 */
export async function readKerasModel(path: string): Promise<KerasModel> {
  const file = basename(path);
  const bytes = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (bytes === undefined) throw missing(path);
  const hdf5 = await h5wasm.ready;
  // Without this HDF5 writes its stack traces to the screen and goes on.
  hdf5.activate_throwing_error_handler();
  let opened: File | undefined;
  try {
    opened = new File(path, 'r');
    const layers = flatten(layerSchema.parse(JSON.parse(attribute(opened, 'model_config'))));
    const weights = readWeights(opened, bytes);
    return {
      file,
      inputShape: inputShapeOf(layers),
      layers: layers.map(({ class_name, config }) => ({
        name: config.name ?? '',
        kind: class_name,
        config,
        weights: weightsOf(config.name ?? '', weights, file),
      })),
    };
  } catch (cause) {
    if (cause instanceof EtiquetteError) throw cause;
    const message = `${file} is no complete Keras .h5 model with its configuration (a file of weights alone is not enough). Copy it again from its source.`;
    throw new EtiquetteError('IMPORT_FILE_UNREADABLE', message, { cause });
  } finally {
    opened?.close();
  }
}

export function missing(path: string): EtiquetteError {
  const message = `${basename(path)} is not in ${dirname(path)}. The import needs all five files of the original's models folder.`;
  return new EtiquetteError('IMPORT_FILE_MISSING', message);
}

function attribute(file: File, name: string): string {
  const value = file.attrs[name]?.value;
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  throw new Error(`no attribute ${name}`);
}

function flatten(layer: LayerConfig): LayerConfig[] {
  const inner = layer.config.layers;
  return inner ? inner.flatMap((one) => flatten(layerSchema.parse(one))) : [layer];
}

/** Keras 2 writes batch_input_shape, Keras 3 batch_shape; either stands in the first layer. */
function inputShapeOf([first]: readonly LayerConfig[]): (number | null)[] {
  const shape = first?.config.batch_input_shape ?? first?.config.batch_shape ?? [];
  return z.array(z.number().int().positive().nullable()).parse(shape).slice(1);
}

interface StoredWeight {
  /** Names of the groups around it: Keras 2 and 3 nest a layer's name differently, but it is always there. */
  readonly groups: readonly string[];
  readonly name: string;
  read(): NamedArray;
}

function readWeights(file: File, fileBytes: number): StoredWeight[] {
  const found: StoredWeight[] = [];
  const walk = (group: Group, groups: readonly string[]): void => {
    if (groups.length > DEEPEST) throw new Error('groups nested too deeply');
    for (const key of group.keys()) {
      const entry = group.get(key);
      if (entry instanceof Group) walk(entry, [...groups, key]);
      if (entry instanceof Dataset) {
        found.push({ groups, name: key.replace(/:\d+$/, ''), read: () => toArray(entry, fileBytes) });
      }
    }
  };
  const root = file.get('model_weights');
  if (!(root instanceof Group)) throw new Error('no model_weights');
  walk(root, []);
  return found;
}

function toArray(dataset: Dataset, fileBytes: number): NamedArray {
  const shape = dataset.shape ?? [];
  const size = shape.reduce((product, side) => product * side, 1);
  // Keras does not compress: a larger claim is damage, or an attempt to fill the memory.
  if (size * 2 > fileBytes) throw new Error(`${dataset.path} is larger than its file`);
  const { value } = dataset;
  if (value instanceof Float32Array) return { shape, data: value };
  if (value instanceof Float64Array) return { shape, data: Float32Array.from(value) };
  throw new Error(`${dataset.path} holds no floating-point numbers`);
}

function weightsOf(layer: string, stored: readonly StoredWeight[], file: string): Record<string, NamedArray> {
  const weights: Record<string, NamedArray> = {};
  for (const { groups, name, read } of stored) {
    if (!groups.includes(layer)) continue;
    if (weights[name]) throw new Error(`two weights ${layer}/${name}`);
    const array = read();
    if (!array.data.every(Number.isFinite)) {
      const message = `${layer}/${name} in ${file} holds NaN or infinite numbers: the model's training failed or the file is damaged. Use another checkpoint.`;
      throw new EtiquetteError('IMPORT_WEIGHTS_NOT_FINITE', message);
    }
    weights[name] = array;
  }
  return weights;
}
