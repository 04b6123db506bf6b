import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { decodePicture, type PictureOptions } from '../../../models/image/picture.ts';

const fixtures = new URL('../../fixtures/pictures/', import.meta.url);
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
const ours: PictureOptions = { size: 32, mode: 'raw', resize: 'lanczos' };

/** A picture of one colour, to be encoded. */
const plain = (
  background: string | { r: number; g: number; b: number; alpha: number },
  width = 40,
  height = 40,
): Sharp =>
  sharp({ create: { width, height, channels: typeof background === 'object' ? 4 : 3, background } });
const noise = (): Sharp => {
  const pixels = Uint8Array.from({ length: 200 * 200 * 3 }, (_, index) => (index * 7919) >> 3);
  return sharp(pixels, { raw: { width: 200, height: 200, channels: 3 } });
};
const half = (bytes: Buffer) => bytes.subarray(0, bytes.length / 2);
const near = (pixels: Float32Array, ...colour: number[]) =>
  pixels.every((value, index) => Math.abs(value - (colour[index % 3] as number)) <= 4);

describe('picture preprocessing as Keras does it (nearest)', () => {
  let expected: Record<string, { raw: string; caffe: string }>;
  before(async () => {
    expected = JSON.parse(await readFile(new URL('expected.json', fixtures), 'utf8'));
    assert.equal(Object.keys(expected).length, 12);
  });

  for (const name of [
    'landscape.jpg',
    'portrait.png',
    'small.png',
    'grey.jpg',
    'transparent.png',
    'sideways.jpg',
  ]) {
    it(`reads ${name} to the pixel as load_img and preprocess_input`, async () => {
      const bytes = await readFile(new URL(name, fixtures));
      for (const size of [32, 224]) {
        const raw = await decodePicture(bytes, { size, mode: 'raw', resize: 'nearest' });
        const caffe = await decodePicture(bytes, { size, mode: 'caffe', resize: 'nearest' });
        const found = { raw: sha256(Uint8Array.from(raw)), caffe: sha256(new Uint8Array(caffe.buffer)) };
        assert.deepEqual(found, expected[`${name} ${size}`]);
      }
    });
  }
});

describe('picture preprocessing', () => {
  it('gives size x size RGB, whatever the frame, without cutting anything off', async () => {
    const picture = sharp({ create: { width: 90, height: 30, channels: 3, background: 'red' } }).composite([
      { input: await plain('blue', 45, 30).png().toBuffer(), left: 45, top: 0 },
    ]);
    const pixels = await decodePicture(await picture.png().toBuffer(), ours);
    assert.equal(pixels.length, 32 * 32 * 3);
    assert.deepEqual([...pixels.slice(0, 3)], [255, 0, 0]);
    assert.deepEqual([...pixels.slice(-3)], [0, 0, 255]);
  });
  it('gives the same numbers for the same bytes', async () => {
    const bytes = await noise().jpeg().toBuffer();
    assert.deepEqual(await decodePicture(bytes, ours), await decodePicture(bytes, ours));
  });
  it('gives blue, green, red minus the ImageNet mean in caffe mode', async () => {
    const pixels = await decodePicture(await plain('#0a6432').png().toBuffer(), { ...ours, mode: 'caffe' });
    assert.ok(near(pixels, 50 - 103.939, 100 - 116.779, 10 - 123.68));
  });
  for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
    it(`reads ${format}`, async () => {
      const bytes = await plain('#c86432').toFormat(format).toBuffer();
      assert.ok(near(await decodePicture(bytes, ours), 200, 100, 50));
    });
  }
  it('puts transparency on white', async () => {
    const bytes = await plain({ r: 0, g: 0, b: 0, alpha: 0 }).png().toBuffer();
    assert.ok(near(await decodePicture(bytes, ours), 255, 255, 255));
  });
  it('reads greyscale, 16 bit and CMYK as 8-bit RGB', async () => {
    const grey = await plain('#808080').greyscale().png().toBuffer();
    const deep = await plain('#c86432').toColourspace('rgb16').png().toBuffer();
    const cmyk = await plain('#969696').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    assert.equal((await sharp(deep).metadata()).depth, 'ushort');
    assert.equal((await sharp(cmyk).metadata()).space, 'cmyk');
    assert.ok(near(await decodePicture(grey, ours), 128, 128, 128));
    assert.ok(near(await decodePicture(deep, ours), 200, 100, 50));
    // Inks have no exact counterpart on a screen.
    for (const value of await decodePicture(cmyk, ours)) assert.ok(Math.abs(value - 150) < 20);
  });
  it('takes the first frame of an animation', async () => {
    const frames = [await plain('red').png().toBuffer(), await plain('blue').png().toBuffer()];
    const bytes = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    assert.equal((await sharp(bytes).metadata()).pages, 2);
    assert.ok(near(await decodePicture(bytes, ours), 255, 0, 0));
  });
  it('turns a sideways photograph upright', async () => {
    const upright = sharp({ create: { width: 40, height: 40, channels: 3, background: 'red' } }).composite([
      { input: await plain('blue', 40, 20).png().toBuffer(), left: 0, top: 20 },
    ]);
    const bytes = await sharp(await upright.png().toBuffer())
      .rotate(270)
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const pixels = await decodePicture(bytes, ours);
    const corner = (row: number, column: number) => [...pixels.slice((row * 32 + column) * 3).slice(0, 3)];
    assert.deepEqual(
      [corner(0, 0), corner(0, 31)],
      [
        [255, 0, 0],
        [255, 0, 0],
      ],
    );
    assert.deepEqual(
      [corner(31, 0), corner(31, 31)],
      [
        [0, 0, 255],
        [0, 0, 255],
      ],
    );
  });
  it('reads a JPEG with something behind its end', async () => {
    const bytes = Buffer.concat([await plain('red').jpeg().toBuffer(), Buffer.from('more')]);
    assert.ok(near(await decodePicture(bytes, ours), 254, 0, 0));
  });
});

describe('a picture that cannot be used', () => {
  const cases: Record<string, { code: string; bytes: () => Promise<Uint8Array> }> = {
    'an empty file': { code: 'PICTURE_EMPTY', bytes: async () => new Uint8Array() },
    'a text': {
      code: 'PICTURE_FORMAT_UNSUPPORTED',
      bytes: async () => Buffer.from('<!doctype html><title>Not found</title>'),
    },
    'an SVG': {
      code: 'PICTURE_FORMAT_UNSUPPORTED',
      bytes: async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    },
    'one byte': { code: 'PICTURE_FORMAT_UNSUPPORTED', bytes: async () => new Uint8Array([0xff]) },
    'a JPEG cut in half': {
      code: 'PICTURE_UNREADABLE',
      bytes: async () => half(await noise().jpeg().toBuffer()),
    },
    'a JPEG cut in its header': {
      code: 'PICTURE_UNREADABLE',
      bytes: async () => (await noise().jpeg().toBuffer()).subarray(0, 200),
    },
    'a PNG cut in half': {
      code: 'PICTURE_UNREADABLE',
      bytes: async () => half(await noise().png().toBuffer()),
    },
    'a PNG of 100 megapixels': {
      code: 'PICTURE_TOO_LARGE',
      bytes: () =>
        sharp({
          create: { width: 10_000, height: 10_000, channels: 3, background: 'white' },
          limitInputPixels: false,
        })
          .png({ compressionLevel: 1 })
          .toBuffer(),
    },
    'a PNG of one pixel by 70,000': {
      code: 'PICTURE_TOO_LARGE',
      bytes: () => plain('white', 1, 70_000).png().toBuffer(),
    },
  };
  for (const [what, { code, bytes }] of Object.entries(cases)) {
    it(`${what} is ${code}`, async () => {
      const file = await bytes();
      for (const resize of ['lanczos', 'nearest'] as const) {
        await assert.rejects(decodePicture(file, { ...ours, resize }), { code, retryable: false });
      }
    });
  }
});
