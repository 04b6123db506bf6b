import { random } from '../../../data/random.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { Arrays, NamedArray } from '../../runtime/safetensors.ts';
import type { LstmParameters } from './parameters.ts';

type Sizes = Pick<LstmParameters, 'words' | 'embedding' | 'units'>;

/** Weights as Keras names and orders them; this is what is stored. */
const SHAPES = ({ words, embedding, units }: Sizes) => ({
  'embedding/embeddings': [words, embedding],
  'lstm/kernel': [embedding, 4 * units],
  'lstm/recurrent_kernel': [units, 4 * units],
  'lstm/bias': [4 * units],
  'dense/kernel': [units, TYPE_CODES.length],
  'dense/bias': [TYPE_CODES.length],
});
type Name = keyof ReturnType<typeof SHAPES>;
export type KerasWeights = Readonly<Record<Name, NamedArray>>;

/** Weights as the fused operations want them: one LSTM kernel, the recurrent rows below the input rows. */
export type FusedName = 'embeddings' | 'lstmKernel' | 'lstmBias' | 'denseKernel' | 'denseBias';
export type FusedWeights = Readonly<Record<FusedName, NamedArray>>;

/** @throws EtiquetteError MODEL_FILES_MISMATCH when an array is missing or of another shape. */
export function kerasWeights(arrays: Arrays, sizes: Sizes): KerasWeights {
  for (const [name, shape] of Object.entries(SHAPES(sizes))) {
    const found = arrays[name]?.shape;
    if (found === undefined || found.join() !== shape.join()) {
      throw new EtiquetteError(
        'MODEL_FILES_MISMATCH',
        `The text model needs ${name} of shape [${shape}], its weights have ${found ? `[${found}]` : 'none'}. ` +
          'Its files come from different models: train or import it again.',
      );
    }
  }
  return arrays as KerasWeights;
}

/** Both keep the gates in the order input, forget, cell, output (BlockLSTM before V2 had another). */
export function toFused(keras: KerasWeights): FusedWeights {
  const kernel = keras['lstm/kernel'];
  const recurrent = keras['lstm/recurrent_kernel'];
  const data = new Float32Array(kernel.data.length + recurrent.data.length);
  data.set(kernel.data);
  data.set(recurrent.data, kernel.data.length);
  const [inputs = 0, columns = 0] = kernel.shape;
  return {
    embeddings: keras['embedding/embeddings'],
    lstmKernel: { shape: [inputs + (recurrent.shape[0] ?? 0), columns], data },
    lstmBias: keras['lstm/bias'],
    denseKernel: keras['dense/kernel'],
    denseBias: keras['dense/bias'],
  };
}

export function toKeras(fused: FusedWeights): KerasWeights {
  const [rows = 0, columns = 0] = fused.lstmKernel.shape;
  const units = columns / 4;
  const inputs = rows - units;
  const { data } = fused.lstmKernel;
  return {
    'embedding/embeddings': fused.embeddings,
    'lstm/kernel': { shape: [inputs, columns], data: data.slice(0, inputs * columns) },
    'lstm/recurrent_kernel': { shape: [units, columns], data: data.slice(inputs * columns) },
    'lstm/bias': fused.lstmBias,
    'dense/kernel': fused.denseKernel,
    'dense/bias': fused.denseBias,
  };
}

/**
 * Keras' initialisers: embeddings uniform in +-0.05, kernels Glorot uniform, recurrent kernel orthogonal,
 * biases zero but for the forget gate's, which is one.
 */
export function initialWeights(sizes: Sizes, seed: number): KerasWeights {
  const shapes = SHAPES(sizes);
  const uniform = (name: Name, limit: number): NamedArray => {
    const shape = shapes[name];
    const next = random(seed, 'text', name);
    const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
    return { shape, data: data.map(() => (next() * 2 - 1) * limit) };
  };
  const glorot = (name: Name) => {
    const [fanIn = 1, fanOut = 1] = shapes[name];
    return uniform(name, Math.sqrt(6 / (fanIn + fanOut)));
  };
  const { units } = sizes;
  const bias = new Float32Array(4 * units).fill(1, units, 2 * units);
  return {
    'embedding/embeddings': uniform('embedding/embeddings', 0.05),
    'lstm/kernel': glorot('lstm/kernel'),
    'lstm/recurrent_kernel': orthogonal(units, 4 * units, random(seed, 'text', 'lstm/recurrent_kernel')),
    'lstm/bias': { shape: [4 * units], data: bias },
    'dense/kernel': glorot('dense/kernel'),
    'dense/bias': { shape: [TYPE_CODES.length], data: new Float32Array(TYPE_CODES.length) },
  };
}

/** Orthonormal rows by Gram-Schmidt on normally distributed numbers; `rows` is at most `columns`. */
function orthogonal(rows: number, columns: number, next: () => number): NamedArray {
  const data = new Float32Array(rows * columns);
  const basis: Float64Array[] = [];
  for (let row = 0; row < rows; row++) {
    const vector = new Float64Array(columns).map(() => normal(next));
    for (const earlier of basis) {
      const overlap = dot(vector, earlier);
      for (let at = 0; at < columns; at++) vector[at] = (vector[at] ?? 0) - overlap * (earlier[at] ?? 0);
    }
    const length = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((value) => value / length));
    data.set(basis[row] ?? [], row * columns);
  }
  return { shape: [rows, columns], data };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}

/** Box and Muller's way from two uniform numbers to a normal one. */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
