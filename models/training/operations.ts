import type { Tensor } from '@tensorflow/tfjs-node';
import type { tensorflow } from '../runtime/tensorflow.ts';

export type TensorFlow = Awaited<ReturnType<typeof tensorflow>>;

export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** What tfjs-node's backend offers beyond the public API: any TensorFlow operation by name. */
interface NativeBackend {
  readonly binding: Readonly<Record<string, number>>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
}

/** The attribute types that the recipes need. */
const ATTRIBUTE_TYPES = {
  bool: 'TF_ATTR_BOOL',
  float: 'TF_ATTR_FLOAT',
  int: 'TF_ATTR_INT',
  shape: 'TF_ATTR_SHAPE',
  string: 'TF_ATTR_STRING',
  type: 'TF_ATTR_TYPE',
} as const;

const DTYPES = { float32: 'TF_FLOAT', int32: 'TF_INT32', int64: 'TF_INT64' } as const;

/**
 * TensorFlow's own operations, called by name: the fused ones have no counterpart in the JavaScript API,
 * and they are what makes training here as fast as in Python.
 */
export interface Operations {
  attribute(name: string, kind: keyof typeof ATTRIBUTE_TYPES, value: unknown): Attribute;
  /** `type('T')` says that the operation works on float32, `type('T', 'int32')` on int32. */
  type(name: string, dtype?: keyof typeof DTYPES): Attribute;
  /** Runs one operation; returns its `outputs` results, to be disposed of like any tensor. */
  run(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): readonly Tensor[];
  /** Runs an operation with exactly one result. */
  one(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
}

export function operations(tf: TensorFlow): Operations {
  const backend = tf.backend() as unknown as NativeBackend;
  const constant = (name: string): number => {
    const value = backend.binding[name];
    if (value === undefined) throw new Error(`TensorFlow's binding has no ${name}`);
    return value;
  };
  const attribute: Operations['attribute'] = (name, kind, value) => ({
    name,
    type: constant(ATTRIBUTE_TYPES[kind]),
    value,
  });
  return {
    attribute,
    type: (name, dtype = 'float32') => attribute(name, 'type', constant(DTYPES[dtype])),
    run: (name, attributes, inputs, outputs) =>
      backend.executeMultipleOutputs(name, attributes, inputs, outputs),
    one: (name, attributes, inputs) =>
      backend.executeMultipleOutputs(name, attributes, inputs, 1)[0] as Tensor,
  };
}
