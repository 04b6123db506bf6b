import type { Tensor } from '@tensorflow/tfjs-node';
import type { NamedArray } from '../runtime/safetensors.ts';
import { operations, type TensorFlow } from './operations.ts';

/** TensorFlow's name for a variable that nobody looks up by name (ResourceHandle::ANONYMOUS_NAME). */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/** A float32 array inside TensorFlow that operations such as ResourceApplyAdam update in place. */
export interface Variable {
  readonly handle: Tensor;
  /** The current value. Dispose of it before the next update, or that update copies the whole array. */
  read(): Tensor;
  toArray(): NamedArray;
  assign(array: NamedArray): void;
  dispose(): void;
}

export function createVariable(tf: TensorFlow, initial: NamedArray): Variable {
  const { attribute, type, run, one } = operations(tf);
  const { shape } = initial;
  const handle = one(
    'VarHandleOp',
    [
      attribute('container', 'string', ''),
      attribute('shared_name', 'string', ANONYMOUS),
      attribute('shape', 'shape', shape),
      type('dtype'),
    ],
    [],
  );
  tf.keep(handle);
  const read = () => one('ReadVariableOp', [type('dtype')], [handle]);
  const assign = ({ data }: NamedArray) => {
    const tensor = tf.tensor(data, [...shape], 'float32');
    run('AssignVariableOp', [type('dtype')], [handle, tensor], 0);
    tensor.dispose();
  };
  assign(initial);
  return {
    handle,
    read,
    assign,
    toArray() {
      const tensor = read();
      const data = tensor.dataSync<'float32'>();
      tensor.dispose();
      return { shape, data };
    },
    dispose: () => handle.dispose(),
  };
}
