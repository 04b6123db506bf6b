import assert from 'node:assert/strict';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importImage } from '../../../models/import/image-model.ts';
import { type KerasModel, readKerasModel } from '../../../models/import/keras-file.ts';
import { readOriginal } from '../../../models/import/original.ts';
import { importText } from '../../../models/import/text-model.ts';
import { copyOriginal } from './keras.ts';

const TEXT = 'best_lstm_model.h5';
const IMAGE = 'best_vgg16_model.h5';

describe('import refuses files that do not fit together', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await copyOriginal('keras2');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const read = () => readOriginal(directory, 'lexicographic');
  const replace = (file: string, content: string | Uint8Array) => writeFile(join(directory, file), content);
  const load = async (file: string) => JSON.parse(await readFile(join(directory, file), 'utf8'));
  const refuses = (code: string, message: RegExp) => assert.rejects(read, { code, message });

  it('takes them when they do', async () => {
    const { text, image, textWeight } = await read();
    assert.deepEqual([text.parameters.words, text.parameters.units, text.parameters.length], [50, 8, 10]);
    assert.deepEqual([image.head.parameters.size, image.head.weights['hidden/kernel']?.shape], [64, [24, 8]]);
    assert.equal(textWeight, 0.63);
  });

  for (const file of [TEXT, IMAGE, 'tokenizer_config.json', 'mapper.json', 'best_weights.json']) {
    it(`names ${file} when it is missing`, async () => {
      await rm(join(directory, file));
      await refuses('IMPORT_FILE_MISSING', new RegExp(file));
    });
  }

  it('a model file that was cut short', async () => {
    await truncate(join(directory, TEXT), 20_000);
    await refuses('IMPORT_FILE_UNREADABLE', /best_lstm_model\.h5.*Copy it again/);
  });

  it('a model file that is something else, empty or a web page', async () => {
    for (const content of ['', '<!doctype html><p>Not found', new Uint8Array(5000).fill(7)]) {
      await replace(IMAGE, content);
      await refuses('IMPORT_FILE_UNREADABLE', /best_vgg16_model\.h5/);
    }
  });

  it('the two models the wrong way round', async () => {
    const [text, image] = await Promise.all([TEXT, IMAGE].map((file) => readFile(join(directory, file))));
    await replace(TEXT, image!);
    await replace(IMAGE, text!);
    await refuses('IMPORT_ARCHITECTURE_UNKNOWN', /best_lstm_model\.h5.*Conv2D/);
  });

  it('a layer that computes something else', async () => {
    const bytes = await readFile(join(directory, TEXT));
    // Same length, so that the file stays whole.
    const at = bytes.indexOf('"recurrent_activation": "sigmoid"');
    assert.ok(at > 0);
    bytes.write('"recurrent_activation": "softmax"', at);
    await replace(TEXT, bytes);
    await refuses('IMPORT_ARCHITECTURE_UNKNOWN', /lstm has recurrent_activation "softmax", not "sigmoid"/);
  });

  for (const [file, weight] of [
    [TEXT, 'dense/bias'],
    [IMAGE, 'dense_2/bias'],
  ] as const) {
    it(`a NaN among the weights of ${file}`, async () => {
      const { text, image } = await read();
      const codes = Object.values(await load('mapper.json')).map(Number);
      const bias = file === TEXT ? text.weights['dense/bias'] : image.head.weights['output/bias']!;
      const sorted = [...codes].sort((a, b) => a - b);
      // Column 0 of either model is class index 0.
      const first = bias.data[sorted.indexOf(codes[0]!)]!;
      const bytes = await readFile(join(directory, file));
      const number = Buffer.alloc(4);
      number.writeFloatLE(first);
      const at = bytes.indexOf(number);
      assert.ok(at > 0);
      bytes.writeFloatLE(Number.NaN, at);
      await replace(file, bytes);
      await refuses('IMPORT_WEIGHTS_NOT_FINITE', new RegExp(weight));
    });
  }

  it('a vocabulary that is larger than the embedding', async () => {
    const tokenizer = await load('tokenizer_config.json');
    tokenizer.config.num_words = 51;
    await replace('tokenizer_config.json', JSON.stringify(tokenizer));
    await refuses('IMPORT_VOCABULARY_TOO_LARGE', /numbers 51 words.*knows 50/);
  });

  it('a tokenizer that is none', async () => {
    for (const content of ['{', '{}', '{"config":{"num_words":null}}', '[]']) {
      await replace('tokenizer_config.json', content);
      await refuses('IMPORT_TOKENIZER_INVALID', /tokenizer_config\.json/);
    }
  });

  it('a mapper that is no one-to-one map of 0..26 to the 27 codes', async () => {
    const mapper: Record<string, string> = await load('mapper.json');
    const { 26: _last, ...fewer } = mapper;
    const twice = { ...mapper, 3: mapper[4] };
    const unknown = { ...mapper, 3: '11' };
    const shifted = { ...fewer, 27: mapper[26] };
    for (const [wrong, why] of [
      [fewer, /26 entries/],
      [{ ...mapper, 27: '10' }, /28 entries/],
      [twice, /occurs twice/],
      [unknown, /index 3 has "11"/],
      [shifted, /index 26 is missing/],
      [Object.values(mapper), /no JSON object/],
      [{ ...mapper, 3: null }, /no JSON object/],
    ] as const) {
      await replace('mapper.json', JSON.stringify(wrong));
      await refuses('IMPORT_MAPPER_INVALID', why);
    }
    await replace('mapper.json', '{"0": "10",');
    await refuses('IMPORT_MAPPER_INVALID', /no JSON object/);
  });

  it('fusion weights that are not two shares of one', async () => {
    for (const content of [
      '[0.5]',
      '[0.5, 0.4]',
      '[1.5, -0.5]',
      '[0.2, 0.3, 0.5]',
      '[NaN, NaN]',
      '{"lstm_weight": 0.5, "vgg16_weight": 0.5}',
      'null',
      '["0.5", "0.5"]',
      '',
    ]) {
      await replace('best_weights.json', content);
      await refuses('IMPORT_FUSION_WEIGHTS_INVALID', /best_weights\.json/);
    }
  });
});

describe('import refuses models of other shapes', () => {
  it('a model of 26 codes, text or picture', async () => {
    const directory = await copyOriginal('keras3');
    try {
      for (const [file, run] of [
        [TEXT, (model) => importText(model, '', [])],
        [IMAGE, (model) => importImage(model, [])],
      ] as [string, (model: KerasModel) => unknown][]) {
        const model = await readKerasModel(join(directory, file));
        const last = model.layers.at(-1)!;
        const kernel = { shape: [8, 26], data: new Float32Array(8 * 26) };
        const layers = [...model.layers.slice(0, -1), { ...last, weights: { ...last.weights, kernel } }];
        assert.throws(() => run({ ...model, layers }), {
          code: 'IMPORT_SHAPES_MISMATCH',
          message: /8 x 26, but must be 8 x 27/,
        });
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
