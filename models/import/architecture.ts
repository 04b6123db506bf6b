import { EtiquetteError } from '../../errors.ts';
import type { NamedArray } from '../runtime/safetensors.ts';
import type { KerasLayer, KerasModel } from './keras-file.ts';

/** Layers that do nothing once a model is trained. */
const IDLE: ReadonlySet<string> = new Set(['InputLayer', 'Dropout', 'SpatialDropout1D']);

/**
 * The model's layers that compute something, when their kinds are exactly `kinds`.
 * @throws EtiquetteError IMPORT_ARCHITECTURE_UNKNOWN naming the layers found and wanted.
 */
export function workingLayers(model: KerasModel, kinds: readonly string[]): readonly KerasLayer[] {
  const layers = model.layers.filter(({ kind }) => !IDLE.has(kind));
  if (layers.map(({ kind }) => kind).join() !== kinds.join()) {
    const found = layers.map(({ kind }) => kind).join(', ');
    throw unknown(model, `its layers are ${found || 'none'}; the original's are ${kinds.join(', ')}`);
  }
  return layers;
}

/**
 * That a layer computes what our code computes. A setting that the file does not mention has Keras' default,
 * which is the one wanted in all but `activation`, and that is always written.
 * @throws EtiquetteError IMPORT_ARCHITECTURE_UNKNOWN naming the layer and the setting.
 */
export function expectSettings(
  model: KerasModel,
  layer: KerasLayer,
  wanted: Readonly<Record<string, unknown>>,
): void {
  for (const [setting, value] of Object.entries(wanted)) {
    const found = plain(layer.config[setting]);
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(value)) {
      throw unknown(
        model,
        `${layer.name} has ${setting} ${JSON.stringify(found)}, not ${JSON.stringify(value)}`,
      );
    }
  }
}

/**
 * A weight of the wanted shape; null stands for any length.
 * @throws EtiquetteError IMPORT_SHAPES_MISMATCH.
 */
export function weightOf(
  model: KerasModel,
  layer: KerasLayer,
  name: string,
  shape: readonly (number | null)[],
): NamedArray {
  const found = layer.weights[name];
  const fits =
    found?.shape.length === shape.length &&
    shape.every((side, axis) => side === null || side === found.shape[axis]);
  if (!found || !fits) {
    const wanted = shape.map((side) => side ?? 'any').join(' x ');
    const message = `${layer.name}/${name} in ${model.file} is ${found ? found.shape.join(' x ') : 'missing'}, but must be ${wanted}. The files come from different models, or the model has not 27 codes.`;
    throw new EtiquetteError('IMPORT_SHAPES_MISMATCH', message);
  }
  return found;
}

function unknown(model: KerasModel, why: string): EtiquetteError {
  const message = `${model.file} is not the original's kind of model: ${why}. Only models of the original's training can be imported.`;
  return new EtiquetteError('IMPORT_ARCHITECTURE_UNKNOWN', message);
}

/** Keras 3 writes some functions as an object around their name. */
function plain(value: unknown): unknown {
  const name = (value as { config?: unknown } | null | undefined)?.config;
  return typeof name === 'string' ? name : value;
}
