import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { random } from '../../../data/random.ts';
import { CONVOLUTIONS } from '../../../models/image/vgg16/architecture.ts';
import { calibrate } from '../../../models/image/vgg16/calibrate.ts';
import { createVgg16Encoder } from '../../../models/image/vgg16/encoder.ts';
import { INPUT, OUTPUT, vgg16Graph } from '../../../models/image/vgg16/graph.ts';
import { vgg16In8Bits } from '../../../models/image/vgg16/in-8-bits.ts';
import { encodeOnnx, type OnnxModel } from '../../../models/onnx/write.ts';
import type { Arrays, NamedArray } from '../../../models/runtime/safetensors.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { slimVgg16 } from './slim-vgg16.ts';

const SIZE = 64;
const WEIGHTS = slimVgg16(16);
/** Shades that run across the picture, as Caffe's preprocessing leaves them. */
const PICTURES = Array.from({ length: 12 }, (_, number) => {
  const next = random(3, 'picture', number);
  const [across, down, base] = Array.from({ length: 3 }, () =>
    Array.from({ length: 3 }, () => next() * 120 - 60),
  );
  return Float32Array.from({ length: SIZE * SIZE * 3 }, (_, at) => {
    const [channel, column, row] = [at % 3, Math.trunc(at / 3) % SIZE, Math.trunc(at / 3 / SIZE)];
    return base![channel]! + (across![channel]! * column + down![channel]! * row) / SIZE + 20 * next();
  });
});

const calibrated = (weights: Arrays, threads?: number) =>
  calibrate(
    weights,
    SIZE,
    (async function* () {
      yield* PICTURES.slice(0, 6);
    })(),
    threads,
  );

async function featuresOf(model: OnnxModel, threads = 1): Promise<Float32Array[]> {
  const session = await InferenceSession.create(encodeOnnx(model), { intraOpNumThreads: threads });
  const rows: Float32Array[] = [];
  for (const pixels of PICTURES.slice(6)) {
    const found = await session.run({ [INPUT]: new Tensor('float32', pixels, [1, SIZE, SIZE, 3]) });
    rows.push(found[OUTPUT]!.data as Float32Array);
  }
  await session.release();
  return rows;
}

/** What share of the features' squares the other ones miss. */
function lost(float: readonly Float32Array[], other: readonly Float32Array[]): number {
  let [missed, all] = [0, 0];
  float.forEach((row, at) => {
    row.forEach((value, place) => {
      missed += (value - other[at]![place]!) ** 2;
      all += value ** 2;
    });
  });
  assert.ok(all > 0);
  return missed / all;
}

/** The same network, with every other channel 64 times as large as before. */
function uneven(weights: Arrays): Arrays {
  const factor = (channel: number) => (channel % 2 ? 64 : 1);
  const changed: Record<string, NamedArray> = {};
  CONVOLUTIONS.forEach(({ name }, layer) => {
    const last = layer === CONVOLUTIONS.length - 1;
    const [kernel, bias] = [weights[`${name}/kernel`]!, weights[`${name}/bias`]!];
    const [, , inputs, outputs] = kernel.shape as [number, number, number, number];
    const up = (at: number) => (last ? 1 : factor(at % outputs));
    changed[`${name}/kernel`] = {
      shape: kernel.shape,
      data: kernel.data.map((value, at) => {
        const down = layer === 0 ? 1 : factor(Math.trunc(at / outputs) % inputs);
        return (value * up(at)) / down;
      }),
    };
    changed[`${name}/bias`] = { shape: bias.shape, data: bias.data.map((value, at) => value * up(at)) };
  });
  return changed;
}

describe('VGG16 as an ONNX graph', function () {
  this.timeout(20_000);

  it('gives what TensorFlow gives, in the same order', async () => {
    const encoder = createVgg16Encoder(await tensorflow(), WEIGHTS, SIZE);
    const expected = PICTURES.slice(6).map((picture) => encoder.encode([picture]));
    encoder.dispose();
    assert.ok(lost(expected, await featuresOf(vgg16Graph(WEIGHTS, SIZE))) < 1e-10);
  });

  describe('in 8 bits', () => {
    it('gives nearly what it gives in float', async () => {
      const bytes = vgg16In8Bits(WEIGHTS, SIZE, await calibrated(WEIGHTS));
      assert.equal(bytes.nodes.filter(({ op }) => op === 'QLinearConv').length, CONVOLUTIONS.length - 1);
      assert.ok(lost(await featuresOf(vgg16Graph(WEIGHTS, SIZE)), await featuresOf(bytes)) < 0.05);
    });

    it('does so too when some channels are 64 times as large as others', async () => {
      const weights = uneven(WEIGHTS);
      const [float, bytes] = [
        vgg16Graph(weights, SIZE),
        vgg16In8Bits(weights, SIZE, await calibrated(weights)),
      ];
      assert.ok(lost(await featuresOf(float), await featuresOf(bytes)) < 0.06);
    });

    it('has the same bytes and answers on one core and on two', async () => {
      const [one, two] = [await calibrated(WEIGHTS, 1), await calibrated(WEIGHTS, 2)];
      assert.deepEqual(two, one);
      const bytes = vgg16In8Bits(WEIGHTS, SIZE, one);
      assert.deepEqual(await featuresOf(bytes, 2), await featuresOf(bytes, 1));
    });

    it('pools bytes, not floats', async () => {
      const { nodes } = vgg16In8Bits(WEIGHTS, SIZE, await calibrated(WEIGHTS));
      const pooled = nodes.filter(({ op }) => op === 'MaxPool').map(({ inputs }) => inputs[0]!);
      assert.equal(pooled.length, 5);
      assert.ok(
        pooled.every((name) => name.endsWith('.bytes')),
        pooled.join(),
      );
    });
  });
});
