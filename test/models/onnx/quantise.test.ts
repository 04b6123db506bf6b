import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { random } from '../../../data/random.ts';
import { gridOf, quantise } from '../../../models/onnx/quantise.ts';
import { encodeOnnx, type OnnxModel, type OnnxTensor } from '../../../models/onnx/write.ts';

const CHANNELS = 8;
const SIDE = 6;
const next = random(1, 'quantise');
const around = (count: number, reach: number) =>
  Float32Array.from({ length: count }, () => (next() * 2 - 1) * reach);
const tensor = (shape: number[], reach = 1): OnnxTensor => {
  const size = shape.reduce((product, side) => product * side, 1);
  return { type: 'float', shape, data: around(size, reach) };
};
const constant = (value: number): OnnxTensor => ({
  type: 'float',
  shape: [],
  data: Float32Array.of(value),
});

/** x -> mixed channels, cut to 0..6 -> each channel's own 3 x 3 -> x added. */
const MODEL: OnnxModel = {
  name: 'a-block',
  inputs: [{ name: 'x', type: 'float', shape: [1, CHANNELS, SIDE, SIDE] }],
  outputs: [{ name: 'y', type: 'float', shape: [1, CHANNELS, SIDE, SIDE] }],
  constants: {
    zero: constant(0),
    six: constant(6),
    mix: tensor([CHANNELS, CHANNELS, 1, 1]),
    mixBias: tensor([CHANNELS]),
    own: tensor([CHANNELS, 1, 3, 3], 0.2),
    ownBias: tensor([CHANNELS]),
  },
  nodes: [
    { op: 'Identity', inputs: ['x'], outputs: ['start'] },
    {
      op: 'Conv',
      inputs: ['start', 'mix', 'mixBias'],
      outputs: ['mixed'],
      attributes: { kernel_shape: [1, 1] },
    },
    { op: 'Clip', inputs: ['mixed', 'zero', 'six'], outputs: ['cut'] },
    {
      op: 'Conv',
      inputs: ['cut', 'own', 'ownBias'],
      outputs: ['linear'],
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: CHANNELS },
    },
    { op: 'Add', inputs: ['linear', 'start'], outputs: ['sum'] },
    { op: 'Identity', inputs: ['sum'], outputs: ['y'] },
  ],
};
const GRIDS = { start: gridOf(-4, 4), cut: gridOf(0, 6), linear: gridOf(-6, 6), sum: gridOf(-9, 9) };

describe('a model in 8 bits', () => {
  const bytes = quantise(MODEL, GRIDS);

  it('gives what the float model gives, to a few steps of its grids', async () => {
    const x = new Tensor('float32', around(CHANNELS * SIDE * SIDE, 4), [1, CHANNELS, SIDE, SIDE]);
    const [exact, found] = await Promise.all(
      [MODEL, bytes].map(async (model) => {
        const session = await InferenceSession.create(encodeOnnx(model));
        const { y } = await session.run({ x });
        await session.release();
        return y!.data as Float32Array;
      }),
    );
    assert.ok(exact!.some((value) => Math.abs(value) > 3));
    exact!.forEach((value, at) => {
      assert.ok(Math.abs(value - found![at]!) < 3 * GRIDS.sum.scale, `${at}: ${found![at]}, not ${value}`);
    });
  });

  it('cannot overflow where two products are added in 16 bits', () => {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const weights = (bytes.constants.mix!.data as Int8Array).slice(
        channel * CHANNELS,
        (channel + 1) * CHANNELS,
      );
      const ascending = [...weights].sort((one, other) => one - other);
      const most = Math.max(ascending.at(-1)! + ascending.at(-2)!, -(ascending[0]! + ascending[1]!));
      assert.ok(255 * most <= 32_767, `channel ${channel}: ${ascending}`);
      assert.ok(most > 100 || Math.max(...weights.map(Math.abs)) === 127, `channel ${channel}: ${ascending}`);
    }
  });

  it('takes from the bias what rounded weights make of the mean of what comes in', () => {
    const means = new Float32Array(CHANNELS).fill(2);
    const told = quantise(MODEL, { ...GRIDS, start: { ...GRIDS.start, means } });
    const [weights, scales, corrected, without] = [
      told.constants.mix!.data,
      told.constants['mix.scale']!.data as Float32Array,
      told.constants.mixBias!.data as Int32Array,
      bytes.constants.mixBias!.data as Int32Array,
    ];
    for (let channel = 0; channel < CHANNELS; channel++) {
      let surplus = 0;
      for (let at = channel * CHANNELS; at < (channel + 1) * CHANNELS; at++) {
        surplus += Number(weights[at]) * scales[channel]! - Number(MODEL.constants.mix!.data[at]);
      }
      const taken = (without[channel]! - corrected[channel]!) * scales[channel]! * GRIDS.start.scale;
      assert.ok(Math.abs(taken - 2 * surplus) <= scales[channel]! * GRIDS.start.scale);
    }
    assert.notDeepEqual(corrected, without);
  });

  it('uses all 8 bits for a depthwise convolution, where nothing can overflow', () => {
    const { data } = bytes.constants.own!;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const weights = (data as Int8Array).slice(channel * 9, (channel + 1) * 9);
      assert.equal(Math.max(...weights.map(Math.abs)), 127);
    }
  });
});

describe('a grid of 8 bits', () => {
  it('holds both limits and zero exactly', () => {
    assert.deepEqual(gridOf(-1, 1.55), { scale: Math.fround(0.01), zeroPoint: 100 });
    assert.deepEqual(gridOf(0, 6), { scale: Math.fround(6 / 255), zeroPoint: 0 });
    assert.equal(gridOf(-255, -1).zeroPoint, 255);
  });
});
