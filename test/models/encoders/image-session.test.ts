import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  type ImageEncoderDescriptor,
  type InstalledEncoder,
  writeEncoder,
} from '../../../models/encoders/descriptor.ts';
import { type ImageEncoder, loadImageEncoder } from '../../../models/encoders/image-session.ts';
import { convertLite0, lite0Graph } from '../../../models/image/efficientnet/convert.ts';
import { encodeOnnx } from '../../../models/onnx/write.ts';
import type { Arrays } from '../../../models/runtime/safetensors.ts';
import { pictureByRule, readReference, weightsByRule } from '../image/efficientnet/rule.ts';

const SIZE = 32;
const WORDS: Omit<ImageEncoderDescriptor, 'files' | 'format'> = {
  name: 'means',
  kind: 'image',
  source: 'made for a test',
  licence: 'MIT',
  input: {
    name: 'x',
    layout: 'NCHW',
    size: SIZE,
    mean: [127, 100, 50],
    scale: [1 / 128, 1, 2],
    resize: 'lanczos',
  },
  output: { name: 'y', features: 3 },
};
/** The mean of each channel. */
const MODEL = encodeOnnx({
  name: 'means',
  inputs: [{ name: 'x', type: 'float', shape: ['batch', 3, SIZE, SIZE] }],
  outputs: [{ name: 'y', type: 'float', shape: ['batch', 3] }],
  constants: {},
  nodes: [
    { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['pooled'] },
    { op: 'Flatten', inputs: ['pooled'], outputs: ['y'] },
  ],
});

/** Red on the left, blue on the right. */
const picture = () =>
  sharp({ create: { width: 64, height: 48, channels: 3, background: '#ff0000' } })
    .composite([
      { input: { create: { width: 32, height: 48, channels: 3, background: '#0000ff' } }, left: 32, top: 0 },
    ])
    .png()
    .toBuffer();

describe('an image encoder from a folder', () => {
  let root: string;
  let installed: InstalledEncoder;
  let encoder: ImageEncoder;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'image-encoder-'));
    installed = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, { 'model.onnx': MODEL });
    encoder = await loadImageEncoder(installed, { threads: 1 });
  });
  after(async () => {
    await encoder.release();
    await rm(root, { recursive: true });
  });

  it('prepares a picture as its descriptor says: planes of red, green, blue, (x - mean) * scale', async () => {
    const pixels = await encoder.prepare(await picture());
    assert.equal(pixels.length, 3 * SIZE * SIZE);
    const at = (channel: number, row: number, column: number) =>
      pixels[channel * SIZE * SIZE + row * SIZE + column];
    // The whole frame is seen: the corners are the picture's own.
    assert.deepEqual([at(0, 0, 0), at(1, 0, 0), at(2, 0, 0)], [1, -100, -100]);
    assert.deepEqual([at(0, 31, 31), at(1, 31, 31), at(2, 31, 31)], [-127 / 128, -100, 410]);
  });

  it('gives a row of features a picture, in the order asked', async () => {
    const plain = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#7f6432' } })
      .png()
      .toBuffer();
    const [first, second] = [await encoder.prepare(await picture()), await encoder.prepare(plain)];
    const features = await encoder.encode([second, first, second]);
    assert.equal(features.length, 3 * encoder.featureSize);
    assert.deepEqual([...features.subarray(0, 3)], [0, 0, 0]);
    assert.deepEqual(features.subarray(3, 6), await encoder.encode([first]));
    assert.deepEqual([...features.subarray(6)], [0, 0, 0]);
    assert.equal((await encoder.encode([])).length, 0);
  });

  it('refuses what is no picture, and goes on', async () => {
    await assert.rejects(encoder.prepare(Buffer.from('a word')), { code: 'PICTURE_FORMAT_UNSUPPORTED' });
    assert.equal((await encoder.encode([await encoder.prepare(await picture())])).length, 3);
  });

  const unfit: Record<string, [Partial<ImageEncoderDescriptor>, Uint8Array, RegExp]> = {
    'a file that is no model': [{}, Buffer.from('no model'), /cannot load/],
    'an input that the model lacks': [{ input: { ...WORDS.input, name: 'z' } }, MODEL, /z -> y/],
    'an output that the model lacks': [{ output: { name: 'z', features: 3 } }, MODEL, /x -> z/],
  };
  for (const [what, [words, model, why]] of Object.entries(unfit)) {
    it(`refuses ${what}`, async () => {
      const other = await writeEncoder<ImageEncoderDescriptor>(
        root,
        { ...WORDS, ...words },
        { 'model.onnx': model },
      );
      await assert.rejects(loadImageEncoder(other, { threads: 1 }), {
        code: 'ENCODER_FILE_INVALID',
        message: why,
      });
    });
  }

  it('refuses a model with another number of features than it says', async () => {
    const words = { ...WORDS, output: { name: 'y', features: 4 } };
    const other = await loadImageEncoder(
      await writeEncoder<ImageEncoderDescriptor>(root, words, { 'model.onnx': MODEL }),
      { threads: 1 },
    );
    await assert.rejects(other.encode([new Float32Array(3 * SIZE * SIZE)]), {
      code: 'ENCODER_FILE_INVALID',
      message: /4 features .*the model gives float32 \[1,3\]/,
    });
    await other.release();
  });

  const precisions = {
    float: (weights: Arrays) => encodeOnnx(lite0Graph(weights).model),
    '8 bits': convertLite0,
  };
  for (const [precision, convert] of Object.entries(precisions)) {
    it(`gives the same features on one core and on two, in ${precision}`, async () => {
      const input = { ...WORDS.input, name: 'pixels', size: 224 };
      const words = { ...WORDS, name: 'lite0', input, output: { name: 'features', features: 1280 } };
      const model = convert(weightsByRule(await readReference()));
      const lite0 = await writeEncoder<ImageEncoderDescriptor>(root, words, { 'model.onnx': model });
      const rows = [];
      for (const threads of [1, 2]) {
        const session = await loadImageEncoder(lite0, { threads });
        rows.push(await session.encode([pictureByRule(0), pictureByRule(1)]));
        await session.release();
      }
      assert.deepEqual(rows[1], rows[0]);
    });
  }
});
