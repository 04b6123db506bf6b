import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BLOCKS, samePadding } from '../../../../models/image/efficientnet/architecture.ts';
import { convertLite0 } from '../../../../models/image/efficientnet/convert.ts';
import type { Arrays } from '../../../../models/runtime/safetensors.ts';
import { pictureByRule, type Reference, readReference, weightsByRule } from './rule.ts';

describe('EfficientNet-Lite0 as ONNX', () => {
  let reference: Reference;
  let weights: Arrays;
  let model: Uint8Array;
  before(async () => {
    reference = await readReference();
    weights = weightsByRule(reference);
    model = convertLite0(weights);
  });

  it("gives the features of the Python package's network", async () => {
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
    for (const [index, expected] of reference.everyEighthFeature.entries()) {
      const pixels = new Tensor('float32', pictureByRule(index), [1, 3, 224, 224]);
      const features = (await session.run({ pixels })).features!;
      assert.deepEqual(features.dims, [1, 1280]);
      expected.forEach((value, at) => {
        const found = (features.data as Float32Array)[at * 8]!;
        assert.ok(
          Math.abs(found - value) < 1e-4,
          `picture ${index}, feature ${at * 8}: ${found}, not ${value}`,
        );
      });
    }
    await session.release();
  });

  it('has the same bytes for the same weights', () => {
    assert.deepEqual(convertLite0(weightsByRule(reference)), model);
  });

  it('is refused when a weight is missing or of another shape', () => {
    const { '_bn1.bias': bias, ...rest } = weights;
    const refused = { code: 'ENCODER_FILE_INVALID', message: /_bn1\.bias should be \[1280\]/ };
    assert.throws(() => convertLite0(rest), refused);
    assert.throws(() => convertLite0({ ...rest, '_bn1.bias': { ...bias!, shape: [1, 1280] } }), refused);
  });

  it('has 16 blocks, of which 9 add their input', () => {
    assert.equal(BLOCKS.length, 16);
    assert.equal(BLOCKS.filter(({ stride, from, to }) => stride === 1 && from === to).length, 9);
  });
});

describe('SAME padding', () => {
  it("is TensorFlow's: an odd row goes to the end", () => {
    assert.deepEqual(samePadding(224, 3, 2), [0, 1]);
    assert.deepEqual(samePadding(56, 5, 2), [1, 2]);
    assert.deepEqual(samePadding(7, 5, 1), [2, 2]);
    assert.deepEqual(samePadding(7, 3, 2), [1, 1]);
    assert.deepEqual(samePadding(224, 1, 1), [0, 0]);
    assert.deepEqual(samePadding(8, 1, 2), [0, 0]);
  });

  it('lets a side come out as ceil(side / stride), and no row more than that needs', () => {
    for (const side of [5, 7, 8, 14, 15, 56]) {
      for (const kernel of [1, 3, 5]) {
        for (const stride of [1, 2, 3]) {
          const [before, after] = samePadding(side, kernel, stride);
          const out = Math.floor((side + before + after - kernel) / stride) + 1;
          assert.equal(out, Math.ceil(side / stride), `${side} ${kernel} ${stride}`);
          assert.ok(after - before === 0 || after - before === 1);
        }
      }
    }
  });
});
