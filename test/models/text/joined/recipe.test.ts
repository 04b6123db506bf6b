import { strict as assert } from 'node:assert';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetRef } from '../../../../data/catalogue.ts';
import { readRows, writeRows } from '../../../../data/read.ts';
import { TYPE_CODES } from '../../../../data/type-codes.ts';
import { readEncoder } from '../../../../models/encoders/descriptor.ts';
import type { JobContext, TrainTextInput } from '../../../../models/runtime/jobs.ts';
import { readSafetensors } from '../../../../models/runtime/safetensors.ts';
import { joined, trainJoined } from '../../../../models/text/joined/recipe.ts';
import { TEXT_FEATURES, writeOwnTextEncoder } from '../../encoders/own-fixtures.ts';
import { makeDataset } from './dataset.ts';

const CLASSES = TYPE_CODES.length;

describe('the text recipe with a sentence encoder', () => {
  let folder: string;
  let dataset: DatasetRef;
  let encoder: { file: string; sha256: string };
  const messages: string[] = [];

  const context: JobContext = {
    signal: new AbortController().signal,
    progress: ({ message }) => messages.push(message),
  };
  const input = (name: string, more: Partial<TrainTextInput> = {}): TrainTextInput => ({
    ...{ family: 'any', dataset, seed: 42, parameters: { folds: 2 }, encoder },
    ...{ directory: join(folder, name), featuresDirectory: join(folder, 'features') },
    ...more,
  });
  const pieces = async () => {
    const [home = ''] = await readdir(join(folder, 'features'));
    return readdir(join(folder, 'features', home));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'joined-'));
    dataset = await makeDataset(join(folder, 'dataset'));
    const file = await writeOwnTextEncoder(join(folder, 'encoder'));
    encoder = { file, sha256: (await readEncoder(file)).sha256 };
    await trainJoined(input('one'), context, 1);
  });
  after(() => rm(folder, { recursive: true }));

  it('asks for one unless it is told not to', () => {
    assert.equal(joined.encoder({}), 'use-multilingual-3');
    assert.equal(joined.encoder({ encoder: 'none' }), null);
  });

  it('learns from both parts, and answers evenly where there is nothing to read', async () => {
    const model = await joined.load(join(folder, 'one', 'model'), encoder.file);
    const products = TYPE_CODES.map((code) => ({ designation: `un produit${code}`, description: '' }));
    const probabilities = await model.predict([...products, { designation: '', description: '' }]);
    const right = products.filter((_, row) => {
      const own = probabilities.subarray(row * CLASSES, (row + 1) * CLASSES);
      assert.ok(Math.abs(own.reduce((sum, value) => sum + value) - 1) < 1e-5);
      return own.indexOf(Math.max(...own)) === row;
    });
    assert.ok(right.length > CLASSES * 0.8, `${right.length} right`);
    assert.deepEqual(probabilities.slice(-CLASSES), new Float32Array(CLASSES).fill(1 / CLASSES));
    model.dispose();
  });

  it('leaves out-of-fold probabilities of the training rows, then the validation rows', async () => {
    const { probabilities, hasText } = await readSafetensors(join(folder, 'one', 'out-of-fold.safetensors'));
    const { train, validation } = dataset.counts;
    assert.deepEqual(probabilities!.shape, [train.rows + validation.rows, CLASSES]);
    const without = hasText!.data.indexOf(0);
    assert.equal(probabilities!.data[without * CLASSES], Math.fround(1 / CLASSES));
  });

  it('gives the same bytes again: with other threads, and with features that are there', async () => {
    await trainJoined(input('two', { featuresDirectory: join(folder, 'features-two') }), context, 2);
    messages.length = 0;
    const before = await pieces();
    await trainJoined(input('three'), context, 1);
    assert.ok(!messages.some((message) => message.startsWith('Encoding')), 'nothing was encoded again');
    assert.deepEqual(await pieces(), before);
    const files = ['model/text.json', 'model/sentence.safetensors', 'out-of-fold.safetensors'];
    for (const file of files) {
      const one = await readFile(join(folder, 'one', file));
      for (const name of ['two', 'three'])
        assert.ok(one.equals(await readFile(join(folder, name, file))), `${name}: ${file} differs`);
    }
  });

  it('encodes only what is new when the catalogue has grown', async () => {
    const grown = { ...dataset, directory: join(folder, 'grown') };
    const rows = [];
    for await (const row of readRows(join(dataset.directory, 'train.ndjson'))) rows.push(row);
    const added = { ...rows[0]!, row: 'new', designation: 'un texte jamais vu', description: '' };
    await writeRows(join(grown.directory, 'train.ndjson'), [...rows, added]);
    await writeRows(join(grown.directory, 'validation.ndjson'), []);
    const before = await pieces();
    await trainJoined(input('grown', { dataset: grown }), context, 1);
    const [piece, ...others] = (await pieces()).filter((name) => !before.includes(name));
    assert.deepEqual(others, []);
    const [home = ''] = await readdir(join(folder, 'features'));
    const { features } = await readSafetensors(join(folder, 'features', home, piece!));
    assert.deepEqual(features!.shape, [1, TEXT_FEATURES]);
  });

  it('cannot be loaded without its encoder or with another', async () => {
    const model = join(folder, 'one', 'model');
    await assert.rejects(joined.load(model, null), { code: 'ENCODER_MISSING' });
    const other = await writeOwnTextEncoder(join(folder, 'other'), {
      output: { name: 'last_hidden_state', features: TEXT_FEATURES + 1, pooling: 'cls' },
    });
    await assert.rejects(joined.load(model, other), { code: 'ENCODER_MISMATCH' });
  });

  it('is not trained with another encoder than planned', async () => {
    const changed = { ...encoder, sha256: 'a'.repeat(64) };
    await assert.rejects(trainJoined(input('changed', { encoder: changed }), context, 1), {
      code: 'ENCODER_CHANGED',
    });
  });
});
