import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnx, type OnnxModel } from '../../../models/onnx/write.ts';

/** relu(x · w + b), for any number of rows. */
const MODEL: OnnxModel = {
  name: 'a-layer',
  inputs: [{ name: 'x', type: 'float', shape: ['rows', 2] }],
  outputs: [{ name: 'y', type: 'float', shape: ['rows', 3] }],
  constants: {
    w: { type: 'float', shape: [2, 3], data: Float32Array.of(1, 2, 3, -1, -2, -3) },
    b: { type: 'float', shape: [3], data: Float32Array.of(0.5, 0, -0.5) },
  },
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['product'] },
    { op: 'Add', inputs: ['product', 'b'], outputs: ['sum'] },
    { op: 'LeakyRelu', inputs: ['sum'], outputs: ['y'], attributes: { alpha: { float: 0.5 } } },
  ],
};

describe('an ONNX file of ours', () => {
  it('is run by onnxruntime as it was meant', async () => {
    const session = await InferenceSession.create(encodeOnnx(MODEL));
    const x = new Tensor('float32', Float32Array.of(1, 0, 0, 1), [2, 2]);
    const y = (await session.run({ x })).y!;
    assert.deepEqual(y.dims, [2, 3]);
    assert.deepEqual([...(y.data as Float32Array)], [1.5, 2, 2.5, -0.25, -1, -1.75]);
    await session.release();
  });

  it('has the same bytes for the same model', () => {
    assert.deepEqual(encodeOnnx(MODEL), encodeOnnx(structuredClone(MODEL)));
  });
});
