import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encoderHash,
  type ImageEncoderDescriptor,
  readEncoder,
  type TextEncoderDescriptor,
  writeEncoder,
} from '../../../models/encoders/descriptor.ts';

type Words<Descriptor> = Omit<Descriptor, 'files' | 'format'>;

const WORDS: Words<ImageEncoderDescriptor> = {
  name: 'a-net',
  kind: 'image',
  source: 'made for a test',
  licence: 'MIT',
  input: { name: 'x', layout: 'NCHW', size: 32, mean: [0, 0, 0], scale: [1, 1, 1], resize: 'lanczos' },
  output: { name: 'y', features: 4 },
};
const TEXT: Words<TextEncoderDescriptor> = {
  name: 'a-text-net',
  kind: 'text',
  source: 'made for a test',
  licence: 'MIT',
  tokenizer: { file: 'words.model', kind: 'sentencepiece' },
  input: { names: { ids: 'ids' }, maxTokens: 8 },
  output: { name: 'y', features: 4 },
};
const FILES = { 'model.onnx': Buffer.from('a model') };

describe("an encoder's folder", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'encoder-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  /** Writes the descriptor anew, changed. */
  async function change(directory: string, by: (words: Record<string, unknown>) => unknown): Promise<void> {
    const file = join(directory, 'encoder.json');
    await writeFile(file, JSON.stringify(by(JSON.parse(await readFile(file, 'utf8')))));
  }

  it('is named by the hash of its descriptor, and is read as it was written', async () => {
    const written = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
    assert.deepEqual(await readdir(root), [`a-net-${written.sha256.slice(0, 12)}`]);
    assert.deepEqual(await readEncoder(written.directory), written);
    assert.equal(written.sha256, encoderHash(written.descriptor));
  });

  it('is another one when a file or a word is another', async () => {
    const { sha256 } = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
    const model = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, {
      'model.onnx': Buffer.from('b model'),
    });
    const words = await writeEncoder<ImageEncoderDescriptor>(root, { ...WORDS, source: 'elsewhere' }, FILES);
    assert.equal(new Set([sha256, model.sha256, words.sha256]).size, 3);
    assert.equal((await readdir(root)).length, 3);
  });

  it('may be written by hand: formatting and the order of names do not count', async () => {
    const { directory, sha256 } = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
    await change(directory, (words) => Object.fromEntries(Object.entries(words).reverse()));
    await rename(directory, join(root, 'anything'));
    assert.equal((await readEncoder(join(root, 'anything'))).sha256, sha256);
  });

  it('is kept when written again, and replaced when it was damaged', async () => {
    const first = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
    await writeFile(join(first.directory, 'a note'), 'mine');
    await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
    assert.ok((await readdir(first.directory)).includes('a note'));
    await writeFile(join(first.directory, 'model.onnx'), 'half a m');
    assert.deepEqual(await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES), first);
    assert.deepEqual(await readdir(root), [`a-net-${first.sha256.slice(0, 12)}`]);
  });

  it('comes out whole when several write it at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const written = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
        return readEncoder(written.directory);
      }),
    );
    assert.equal(new Set(all.map(({ sha256 }) => sha256)).size, 1);
    assert.equal((await readdir(root)).length, 1);
  });

  it('is refused when a file is another one or gone', async () => {
    const { directory } = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
    await writeFile(join(directory, 'model.onnx'), 'b model');
    await assert.rejects(readEncoder(directory), { code: 'ENCODER_CHANGED' });
    await rm(join(directory, 'model.onnx'));
    await assert.rejects(readEncoder(directory), { code: 'ENCODER_MISSING', message: /model\.onnx/ });
    await assert.rejects(readEncoder(join(root, 'nowhere')), { code: 'ENCODER_MISSING' });
  });

  const wrong: Record<string, [(words: Record<string, unknown>) => unknown, RegExp]> = {
    'of another format': [(words) => ({ ...words, format: 2 }), /format/],
    'of another kind': [(words) => ({ ...words, kind: 'sound' }), /kind/],
    'with a name that is no folder name': [(words) => ({ ...words, name: '../a-net' }), /name/],
    'with a file outside of it': [
      (words) => ({ ...words, files: { '../model.onnx': { sha256: '0'.repeat(64) } } }),
      /files/,
    ],
    'without model.onnx': [(words) => ({ ...words, files: {} }), /lack model\.onnx/],
    'with a word that nobody reads': [
      (words) => ({ ...words, input: { ...(words.input as object), crop: true } }),
      /crop/,
    ],
    'that is no object': [() => [], /./],
  };
  for (const [what, [by, why]] of Object.entries(wrong)) {
    it(`is refused with a descriptor ${what}`, async () => {
      const { directory } = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
      await change(directory, by);
      await assert.rejects(readEncoder(directory), { code: 'ENCODER_DESCRIPTOR_INVALID', message: why });
    });
  }

  it('is refused when the descriptor is no JSON', async () => {
    const { directory } = await writeEncoder<ImageEncoderDescriptor>(root, WORDS, FILES);
    await writeFile(join(directory, 'encoder.json'), '{');
    await assert.rejects(readEncoder(directory), { code: 'ENCODER_DESCRIPTOR_INVALID', message: /JSON/ });
  });

  it('holds the tokenizer, if it is for texts', async () => {
    await assert.rejects(writeEncoder<TextEncoderDescriptor>(root, TEXT, FILES), {
      code: 'ENCODER_DESCRIPTOR_INVALID',
      message: /words\.model/,
    });
    assert.deepEqual(await readdir(root), []);
    const files = { ...FILES, 'words.model': Buffer.from('words') };
    assert.equal((await writeEncoder<TextEncoderDescriptor>(root, TEXT, files)).descriptor.kind, 'text');
  });
});
