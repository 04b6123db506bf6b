import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BLOCKS, samePadding } from '../../../../models/image/efficientnet/architecture.ts';
import { convertLite0, lite0Graph } from '../../../../models/image/efficientnet/convert.ts';
import { encodeOnnx } from '../../../../models/onnx/write.ts';
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

  /** Of the reference's pictures. */
  async function featuresBy(onnx: Uint8Array): Promise<Float32Array[]> {
    const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
    const rows: Float32Array[] = [];
    for (const index of reference.everyEighthFeature.keys()) {
      const pixels = new Tensor('float32', pictureByRule(index), [1, 3, 224, 224]);
      const features = (await session.run({ pixels })).features!;
      assert.deepEqual(features.dims, [1, 1280]);
      rows.push(features.data as Float32Array);
    }
    await session.release();
    return rows;
  }

  it("gives in float the features of the Python package's network", async () => {
    const rows = await featuresBy(encodeOnnx(lite0Graph(weights).model));
    reference.everyEighthFeature.forEach((expected, index) => {
      expected.forEach((value, at) => {
        const found = rows[index]![at * 8]!;
        assert.ok(
          Math.abs(found - value) < 1e-4,
          `picture ${index}, feature ${at * 8}: ${found}, not ${value}`,
        );
      });
    });
  });

  it('gives nearly the same in 8 bits, in a third of the bytes', async () => {
    const float = encodeOnnx(lite0Graph(weights).model);
    const [exact, found] = [await featuresBy(float), await featuresBy(model)];
    exact.forEach((row, index) => {
      const cosine = dot(row, found[index]!) / Math.sqrt(dot(row, row) * dot(found[index]!, found[index]!));
      assert.ok(cosine > 0.99, `picture ${index}: ${cosine}`);
    });
    assert.ok(model.length * 3 < float.length);
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

function dot(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, at) => sum + value * other[at]!, 0);
}

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
