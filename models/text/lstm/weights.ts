import { random } from '../../../data/random.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { Arrays, NamedArray } from '../../runtime/safetensors.ts';
import type { LstmParameters } from './parameters.ts';
import { POOLED } from './pooling.ts';

export type Sizes = Pick<
  LstmParameters,
  'words' | 'subwords' | 'embedding' | 'units' | 'bidirectional' | 'pooling'
>;

/** The LSTMs, with the names of their weights, fused, and of their layers, stored. */
const DIRECTIONS = [
  { kernel: 'lstmKernel', bias: 'lstmBias', layer: 'lstm', backwards: false },
  { kernel: 'backwardKernel', bias: 'backwardBias', layer: 'backward_lstm', backwards: true },
] as const;

export function directionsOf({ bidirectional }: Pick<Sizes, 'bidirectional'>) {
  return DIRECTIONS.slice(0, bidirectional ? 2 : 1);
}

/** How many numbers of a text the dense layer reads. */
export function featuresOf(sizes: Pick<Sizes, 'units' | 'bidirectional' | 'pooling'>): number {
  return sizes.units * directionsOf(sizes).length * POOLED[sizes.pooling];
}

type Layer = (typeof DIRECTIONS)[number]['layer'];
type Name =
  | 'embedding/embeddings'
  | `${Layer}/${'kernel' | 'recurrent_kernel' | 'bias'}`
  | `dense/${'kernel' | 'bias'}`;
type OfSecond = `backward_lstm/${string}` | `backward${string}`;
/** The weights of the second LSTM are there when there is one. */
type Weights<N extends string> = Readonly<
  Record<Exclude<N, OfSecond>, NamedArray> & Partial<Record<Extract<N, OfSecond>, NamedArray>>
>;

/** Weights as Keras names and orders them; this is what is stored. */
export type KerasWeights = Weights<Name>;

/** Weights as the fused operations want them: one LSTM kernel, the recurrent rows below the input rows. */
export type FusedName =
  | 'embeddings'
  | (typeof DIRECTIONS)[number]['kernel' | 'bias']
  | 'denseKernel'
  | 'denseBias';
export type FusedWeights = Weights<FusedName>;

function shapesOf(sizes: Sizes): ReadonlyMap<Name, readonly number[]> {
  const { words, subwords, embedding, units } = sizes;
  return new Map<Name, readonly number[]>([
    ['embedding/embeddings', [words + subwords, embedding]],
    ...directionsOf(sizes).flatMap(
      ({ layer }): Array<[Name, number[]]> => [
        [`${layer}/kernel`, [embedding, 4 * units]],
        [`${layer}/recurrent_kernel`, [units, 4 * units]],
        [`${layer}/bias`, [4 * units]],
      ],
    ),
    ['dense/kernel', [featuresOf(sizes), TYPE_CODES.length]],
    ['dense/bias', [TYPE_CODES.length]],
  ]);
}

/** @throws EtiquetteError MODEL_FILES_MISMATCH when an array is missing or of another shape. */
export function kerasWeights(arrays: Arrays, sizes: Sizes): KerasWeights {
  for (const [name, shape] of shapesOf(sizes)) {
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
  const fused: Partial<Record<FusedName, NamedArray>> = { embeddings: keras['embedding/embeddings'] };
  for (const { kernel, bias, layer } of DIRECTIONS) {
    const input = keras[`${layer}/kernel`];
    const recurrent = keras[`${layer}/recurrent_kernel`];
    const own = keras[`${layer}/bias`];
    if (!input || !recurrent || !own) continue;
    const data = new Float32Array(input.data.length + recurrent.data.length);
    data.set(input.data);
    data.set(recurrent.data, input.data.length);
    const [inputs = 0, columns = 0] = input.shape;
    fused[kernel] = { shape: [inputs + (recurrent.shape[0] ?? 0), columns], data };
    fused[bias] = own;
  }
  return {
    ...fused,
    denseKernel: keras['dense/kernel'],
    denseBias: keras['dense/bias'],
  } as FusedWeights;
}

export function toKeras(fused: FusedWeights): KerasWeights {
  const keras: Partial<Record<Name, NamedArray>> = { 'embedding/embeddings': fused.embeddings };
  for (const { kernel, bias, layer } of DIRECTIONS) {
    const joined = fused[kernel];
    const own = fused[bias];
    if (!joined || !own) continue;
    const [rows = 0, columns = 0] = joined.shape;
    const units = columns / 4;
    const inputs = rows - units;
    const split = inputs * columns;
    keras[`${layer}/kernel`] = { shape: [inputs, columns], data: joined.data.slice(0, split) };
    keras[`${layer}/recurrent_kernel`] = { shape: [units, columns], data: joined.data.slice(split) };
    keras[`${layer}/bias`] = own;
  }
  return { ...keras, 'dense/kernel': fused.denseKernel, 'dense/bias': fused.denseBias } as KerasWeights;
}

/** Keras' spread of embeddings, and ours where n-grams share letters: a text starts with more to tell it by. */
const SPREAD = { words: 0.05, subwords: 0.15 };

/**
 * Keras' initialisers: embeddings uniform, kernels Glorot uniform, recurrent kernel orthogonal, biases zero but
 * for the forget gate's, which is one.
 */
export function initialWeights(sizes: Sizes, seed: number): KerasWeights {
  const { units, subwords } = sizes;
  const initial = (name: Name, shape: readonly number[]): NamedArray => {
    const [rows = 1, columns = 1] = shape;
    const next = random(seed, 'text', name);
    const uniform = (limit: number): NamedArray => {
      const data = new Float32Array(rows * columns);
      return { shape, data: data.map(() => (next() * 2 - 1) * limit) };
    };
    if (name === 'embedding/embeddings') return uniform(subwords > 0 ? SPREAD.subwords : SPREAD.words);
    if (name.endsWith('/recurrent_kernel')) return orthogonal(rows, columns, next);
    if (name.endsWith('/kernel')) return uniform(Math.sqrt(6 / (rows + columns)));
    const bias = new Float32Array(rows);
    return { shape, data: name === 'dense/bias' ? bias : bias.fill(1, units, 2 * units) };
  };
  const weights = [...shapesOf(sizes)].map(([name, shape]) => [name, initial(name, shape)] as const);
  return Object.fromEntries(weights) as KerasWeights;
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
