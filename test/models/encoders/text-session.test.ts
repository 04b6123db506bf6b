import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type TextEncoderDescriptor, writeEncoder } from '../../../models/encoders/descriptor.ts';
import { readNpz } from '../../../models/encoders/npz.ts';
import { createTextEncoder } from '../../../models/encoders/text-session.ts';
import { convertUse, INPUTS, OUTPUT } from '../../../models/encoders/use-convert.ts';
import { encodeOnnx } from '../../../models/onnx/write.ts';
import { inFolder } from '../../support/tiny-catalogue.ts';
import { FIXTURES, tinyReference } from './text-fixtures.ts';

const FEATURES = 8;
const tinyWeights = () => readNpz(join(FIXTURES, 'tiny.npz'));

function differ(actual: ArrayLike<number>, expected: readonly number[]): number {
  return Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN))));
}

async function installed(folder: string, words: Partial<TextEncoderDescriptor> = {}): Promise<string> {
  const { directory } = await writeEncoder<TextEncoderDescriptor>(
    folder,
    {
      name: 'tiny',
      kind: 'text',
      source: 'a test',
      licence: 'MIT',
      tokenizer: { file: 'pieces.model', kind: 'sentencepiece' },
      input: { names: INPUTS, maxTokens: 128 },
      output: { name: OUTPUT, features: FEATURES },
      ...words,
    },
    {
      'model.onnx': encodeOnnx(convertUse(await tinyWeights())),
      'pieces.model': await readFile(join(FIXTURES, 'tiny.model')),
    },
  );
  return directory;
}

describe('the Universal Sentence Encoder, converted', () => {
  it('gives the features of its numpy form, alone and in a padded batch', async () => {
    const { texts } = await tinyReference();
    const session = await InferenceSession.create(encodeOnnx(convertUse(await tinyWeights())));
    const run = async (rows: readonly number[][]) => {
      const width = Math.max(...rows.map((row) => row.length));
      const padded = rows.flatMap((row) => [...row, ...Array<number>(width - row.length).fill(0)]);
      const kept = rows.flatMap((row) => Array.from({ length: width }, (_, index) => +(index < row.length)));
      const tensor = (values: number[]) =>
        new Tensor('int64', BigInt64Array.from(values, BigInt), [rows.length, width]);
      const results = await session.run({ [INPUTS.ids]: tensor(padded), [INPUTS.mask]: tensor(kept) });
      return results[OUTPUT]!.data as Float32Array;
    };
    const together = await run(texts.map(({ ids }) => ids));
    for (const [index, { text, ids, embedding }] of texts.entries()) {
      assert.ok(differ(await run([ids]), embedding) < 1e-5, text);
      assert.ok(differ(together.subarray(index * FEATURES), embedding) < 1e-5, `${text}, in a batch`);
    }
    await session.release();
  });

  it('refuses weights with an array missing or of another shape, and names it', async () => {
    const weights = await tinyWeights();
    const { d2: _, ...without } = weights;
    assert.throws(() => convertUse(without), { code: 'ENCODER_FILE_INVALID', message: /no d2\b/ });
    const short = { ...weights, q9: { shape: [1, 8], data: new Uint8Array(8) } };
    assert.throws(() => convertUse(short), { code: 'ENCODER_FILE_INVALID', message: /no q9 of shape/ });
  });
});

describe('a text encoder', () => {
  it("gives a row a text, which does not depend on the others' company", () =>
    inFolder(async (folder) => {
      const { texts } = await tinyReference();
      const encoder = await createTextEncoder(await installed(folder), { threads: 1 });
      assert.equal(encoder.featureSize, FEATURES);
      const rows = await encoder.encode(texts.map(({ text }) => text));
      assert.equal(rows.length, texts.length * FEATURES);
      for (const [index, { text, embedding }] of texts.entries()) {
        const row = rows.subarray(index * FEATURES, (index + 1) * FEATURES);
        assert.ok(differ(row, embedding) < 1e-5, text);
        assert.deepEqual(await encoder.encode([text]), row);
      }
      await encoder.close();
    }));

  it('is refused when descriptor and model do not fit together', () =>
    inFolder(async (folder) => {
      const wrong: Partial<TextEncoderDescriptor>[] = [
        { output: { name: 'pooled', features: FEATURES } },
        { input: { names: { ids: 'tokens' }, maxTokens: 128 } },
        { tokenizer: { file: 'pieces.model', kind: 'huggingface' } },
      ];
      for (const words of wrong) {
        const directory = await installed(folder, words);
        await assert.rejects(createTextEncoder(directory, { threads: 1 }), { code: 'ENCODER_FILE_INVALID' });
      }
      const narrow = await installed(folder, { output: { name: OUTPUT, features: 7 } });
      const encoder = await createTextEncoder(narrow, { threads: 1 });
      await assert.rejects(encoder.encode(['a']), { code: 'ENCODER_FILE_INVALID' });
      await encoder.close();
    }));
});

describe('an .npz file', () => {
  it('is read with shapes and numbers as numpy wrote them', async () => {
    const { q1, scale, eps } = await tinyWeights();
    assert.deepEqual(q1!.shape, [8, 8]);
    assert.ok(q1!.data instanceof Uint8Array);
    assert.deepEqual(scale!.shape, [17]);
    assert.ok(
      scale!.data instanceof Float32Array && scale!.data.every((value) => value >= 0.02 && value < 0.1),
    );
    assert.deepEqual([eps!.shape, [...eps!.data]], [[], [1e-12]]);
  });

  it('is refused when it is cut short or none', () =>
    inFolder(async (folder) => {
      const whole = await readFile(join(FIXTURES, 'tiny.npz'));
      for (const bytes of [whole.subarray(0, whole.length / 2), Buffer.from('nothing')]) {
        const file = join(folder, 'weights.npz');
        await writeFile(file, bytes);
        await assert.rejects(readNpz(file), { code: 'ENCODER_FILE_INVALID' });
      }
    }));
});
