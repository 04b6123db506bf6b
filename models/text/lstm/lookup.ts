import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-node';
import { operations, type TensorFlow } from '../../training/operations.ts';
import type { Batch } from './batches.ts';

/** The words' vectors of a batch, from the embedding table. */
export interface Lookup {
  /** [length, size, width]: for each word the sum of its rows over the square root of their number. */
  readonly vectors: Tensor3D;
  /** The table's gradient, from that of the vectors. */
  gradient(ofVectors: Tensor3D): Tensor;
}

/** So scaled a word's vector is as long as each of its rows, however many they are. */
export function createLookup(tf: TensorFlow): (table: Tensor2D, batch: Batch) => Lookup {
  const { type, one } = operations(tf);
  const attributes = [type('T'), type('Tidx', 'int32'), type('Tsegmentids', 'int32')];
  const withCount = [...attributes, type('Tnumsegments', 'int32')];
  return (table, { length, size, rows, places }) => {
    const [height, width] = table.shape;
    const where = [tf.tensor1d(rows, 'int32'), tf.tensor1d(places, 'int32')];
    const count = tf.scalar(length * size, 'int32');
    const flat = one('SparseSegmentSqrtNWithNumSegments', withCount, [table, ...where, count]);
    return {
      vectors: flat.reshape([length, size, width]),
      gradient(ofVectors) {
        const ofFlat = ofVectors.reshape([length * size, width]);
        return one('SparseSegmentSqrtNGrad', attributes, [ofFlat, ...where, tf.scalar(height, 'int32')]);
      },
    };
  };
}

/** Lets the second LSTM read every text from its end, and brings its gradient back: one is the other's inverse. */
export function turn(sequence: Tensor3D, turned: Tensor1D): Tensor3D {
  const [length, size, width] = sequence.shape;
  return sequence
    .reshape([length * size, width])
    .gather(turned)
    .reshape([length, size, width]);
}
