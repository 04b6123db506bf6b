import assert from 'node:assert/strict';
import sharp from 'sharp';
import { pictureSize } from '../../../models/drift/picture-size.ts';

describe('the size of a picture by its header', () => {
  const drawn = () =>
    sharp({ create: { width: 300, height: 200, channels: 3, background: '#2080c0' } }).withMetadata({
      orientation: 6,
    });
  const size = { width: 300, height: 200 };

  for (const [what, file] of [
    ['a JPEG', () => drawn().jpeg()],
    ['a progressive JPEG', () => drawn().jpeg({ progressive: true })],
    ['a JPEG with a colour profile before its frame', () => drawn().withIccProfile('p3').jpeg()],
    ['a PNG', () => drawn().png()],
  ] as const) {
    it(`is what a decoder says of ${what}, before it is turned`, async () => {
      const bytes = await file().toBuffer();
      const { width, height } = await sharp(bytes).metadata();
      assert.deepEqual({ width, height }, size);
      assert.deepEqual(pictureSize(bytes), size);
      // Also where the file is a part of a larger message.
      const message = Buffer.concat([Buffer.from('abc'), bytes]);
      assert.deepEqual(pictureSize(message.subarray(3)), size);
    });
  }

  it('skips what may stand before a marker', async () => {
    const bytes = await drawn().jpeg().toBuffer();
    const padded = Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff, 0xff]), bytes.subarray(2)]);
    assert.deepEqual(pictureSize(padded), size);
  });

  it('is not told of other formats, nor of a file that is cut short, wherever', async () => {
    assert.equal(pictureSize(await drawn().webp().toBuffer()), null);
    assert.equal(pictureSize(new Uint8Array()), null);
    const bytes = await drawn().jpeg().toBuffer();
    for (let length = 0; length < bytes.length; length++) {
      const found = pictureSize(bytes.subarray(0, length));
      if (found) assert.deepEqual(found, size);
    }
  });
});
