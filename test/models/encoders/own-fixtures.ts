import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeOnnx, type OnnxModel } from '../../../models/onnx/write.ts';

/** Encoders as an operator would bring them: exports of another make than the built-in ones. */

const SIZE = 16;
export const IMAGE_FEATURES = 48;
export const TEXT_FEATURES = 8;

/** [1, 16, 16, 3] -> [1, 16, 48]: each line of the picture is a token. */
const IMAGE: OnnxModel = {
  name: 'lines',
  inputs: [{ name: 'pixel_values', type: 'float', shape: ['batch', SIZE, SIZE, 3] }],
  outputs: [{ name: 'last_hidden_state', type: 'float', shape: ['batch', SIZE, IMAGE_FEATURES] }],
  constants: { shape: { type: 'int64', shape: [3], data: BigInt64Array.of(1n, 16n, 48n) } },
  nodes: [{ op: 'Reshape', inputs: ['pixel_values', 'shape'], outputs: ['last_hidden_state'] }],
};

/** ids [1, n], mask and types (both added, so that they are asked for) -> [1, n, 8]: sines of the ids. */
const TEXT: OnnxModel = {
  name: 'sines',
  inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => ({
    name,
    type: 'int64',
    shape: ['batch', 'tokens'],
  })),
  outputs: [{ name: 'last_hidden_state', type: 'float', shape: ['batch', 'tokens', TEXT_FEATURES] }],
  constants: {
    axis: { type: 'int64', shape: [1], data: BigInt64Array.of(2n) },
    pace: {
      type: 'float',
      shape: [1, 1, TEXT_FEATURES],
      data: Float32Array.from({ length: TEXT_FEATURES }, (_, at) => 0.7 + at),
    },
  },
  nodes: [
    { op: 'Mul', inputs: ['input_ids', 'attention_mask'], outputs: ['kept'] },
    { op: 'Add', inputs: ['kept', 'token_type_ids'], outputs: ['typed'] },
    { op: 'Cast', inputs: ['typed'], outputs: ['numbers'], attributes: { to: 1 } },
    { op: 'Unsqueeze', inputs: ['numbers', 'axis'], outputs: ['column'] },
    { op: 'Mul', inputs: ['column', 'pace'], outputs: ['angles'] },
    { op: 'Sin', inputs: ['angles'], outputs: ['last_hidden_state'] },
  ],
};

/** A word piece tokenizer that knows these words; 0 to 2 are its marks. */
export const WORDS = ['piscine', 'ronde', 'livre', 'chaise', 'jeu', 'produit'];
const TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] },
    },
  },
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(
      [
        '[UNK]',
        '[CLS]',
        '[SEP]',
        ...WORDS,
        ...'0123456789',
        ...[...'0123456789'].map((one) => `##${one}`),
      ].map((word, id) => [word, id]),
    ),
  },
};

export async function writeOwnImageEncoder(folder: string, words: object = {}): Promise<string> {
  const input = {
    ...{ name: 'pixel_values', layout: 'NHWC', size: SIZE, resize: 'nearest' },
    ...{ mean: [0, 0, 0], scale: [1 / 255, 1 / 255, 1 / 255] },
  };
  const output = { name: 'last_hidden_state', features: IMAGE_FEATURES, pooling: 'mean' };
  return writeOwn(
    folder,
    { name: 'lines', kind: 'image', input, output, ...words },
    { 'model.onnx': encodeOnnx(IMAGE) },
  );
}

export async function writeOwnTextEncoder(folder: string, words: object = {}): Promise<string> {
  return writeOwn(
    folder,
    {
      name: 'sines',
      kind: 'text',
      tokenizer: { file: 'tokenizer.json', kind: 'huggingface' },
      input: {
        names: { ids: 'input_ids', mask: 'attention_mask', types: 'token_type_ids' },
        maxTokens: 6,
      },
      output: { name: 'last_hidden_state', features: TEXT_FEATURES, pooling: 'mean' },
      ...words,
    },
    { 'model.onnx': encodeOnnx(TEXT), 'tokenizer.json': Buffer.from(JSON.stringify(TOKENIZER)) },
  );
}

async function writeOwn(
  folder: string,
  words: object,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const hashes: Record<string, { sha256: string }> = {};
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(join(folder, name), bytes);
    hashes[name] = { sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  const descriptor = { format: 1, source: 'a test', licence: 'MIT', ...words, files: hashes };
  await writeFile(join(folder, 'encoder.json'), JSON.stringify(descriptor));
  return folder;
}
