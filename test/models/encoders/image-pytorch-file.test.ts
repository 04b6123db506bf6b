import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { readPytorchFile } from '../../../models/encoders/pytorch-file.ts';

const fixture = (name: string) => readFile(new URL(`../../fixtures/pytorch/${name}`, import.meta.url));
const refuses = (bytes: Uint8Array, why: RegExp) =>
  assert.throws(
    () => readPytorchFile(bytes),
    (error: { code: string; message: string }) =>
      error.code === 'ENCODER_FILE_INVALID' && why.test(error.message),
  );

describe('a PyTorch state_dict of the old format', () => {
  it('gives its float tensors row by row, whatever their strides and offsets', async () => {
    const arrays = readPytorchFile(await fixture('legacy.pth'));
    const plain = Object.entries(arrays).map(([name, { shape, data }]) => [name, shape, [...data]]);
    assert.deepEqual(plain, [
      ['transposed', [4, 3], [0, 1, 2, 0.25, 1.25, 2.25, 0.5, 1.5, 2.5, 0.75, 1.75, 2.75]],
      ['tail', [4], [2, 2.25, 2.5, 2.75]],
      ['other', [1, 2], [1.5, -2.5]],
      ['scalar', [], [0.25]],
    ]);
  });

  it('may lie anywhere in memory', async () => {
    const bytes = await fixture('legacy.pth');
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    assert.deepEqual(readPytorchFile(shifted), readPytorchFile(bytes));
  });

  it('runs nothing: a file that would call something is refused by its name', async () => {
    refuses(await fixture('hostile.pth'), /it would call posix\.system/);
  });

  it('is refused when cut short, wherever', async () => {
    const bytes = await fixture('legacy.pth');
    for (const length of [0, 10, 100, 400, bytes.length - 1]) refuses(bytes.subarray(0, length), /./);
  });

  it('is refused in the format of today, with what to do', async () => {
    refuses(await fixture('zip.pth'), /_use_new_zipfile_serialization=False/);
  });

  it('is refused when a storage has another length than it says', async () => {
    const bytes = await fixture('legacy.pth');
    const last = bytes.length - 4 - 8;
    assert.equal(bytes.readBigInt64LE(last) > 0n, true);
    bytes.writeBigInt64LE(99n, last);
    refuses(bytes, /another length/);
  });
});
