import { strict as assert } from 'node:assert';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetRef, DatasetRow } from '../../../../data/catalogue.ts';
import { readRows, writeRows } from '../../../../data/read.ts';
import { TYPE_CODES } from '../../../../data/type-codes.ts';
import type { JobContext, JobProgress, TrainTextInput } from '../../../../models/runtime/jobs.ts';
import { readSafetensors } from '../../../../models/runtime/safetensors.ts';
import { joined, trainJoined } from '../../../../models/text/joined/recipe.ts';
import { makeDataset } from './dataset.ts';

const CLASSES = TYPE_CODES.length;

describe('the text recipe without an encoder', () => {
  let folder: string;
  let dataset: DatasetRef;
  const reports: JobProgress[] = [];

  const input = (name: string, parameters = {}): TrainTextInput => ({
    encoder: null,
    featuresDirectory: folder,
    family: 'any',
    dataset,
    seed: 42,
    parameters,
    directory: join(folder, name),
  });
  const context = (signal = new AbortController().signal): JobContext => ({
    signal,
    progress: (report) => reports.push(report),
  });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ngram-'));
    dataset = await makeDataset(join(folder, 'dataset'));
    await trainJoined(input('one'), context(), 1);
  });
  after(() => rm(folder, { recursive: true }));

  it('learns what words say about codes', async () => {
    const model = await joined.load(join(folder, 'one', 'model'), null);
    const products = TYPE_CODES.map((code) => ({ designation: `un produit${code}`, description: '' }));
    const probabilities = await model.predict(products);
    products.forEach((_, row) => {
      const own = probabilities.subarray(row * CLASSES, (row + 1) * CLASSES);
      assert.equal(own.indexOf(Math.max(...own)), row);
      assert.ok(Math.abs(own.reduce((sum, value) => sum + value) - 1) < 1e-5);
    });
  });

  it('believes a row that counts more where two say different things', async () => {
    const rows: DatasetRow[] = [];
    for await (const row of readRows(join(dataset.directory, 'train.ndjson'))) rows.push(row);
    const [one, other] = rows.filter(({ code }) => code === 10 || code === 2905).slice(4, 6) as [
      DatasetRow,
      DatasetRow,
    ];
    assert.notEqual(one.code, other.code);
    const [first, second] = [one, other].map((row) => ({
      ...row,
      designation: 'bouée licorne',
      description: '',
    }));
    const answer = async (name: string, disputed: readonly DatasetRow[]) => {
      const directory = join(folder, `${name}-dataset`);
      await writeRows(join(directory, 'train.ndjson'), [...rows, ...disputed]);
      await writeRows(join(directory, 'validation.ndjson'), []);
      await trainJoined({ ...input(name), dataset: { ...dataset, directory } }, context(), 2);
      const model = await joined.load(join(folder, name, 'model'), null);
      const [probabilities] = [await model.predict([{ designation: 'bouée licorne', description: '' }])];
      model.dispose();
      return TYPE_CODES[probabilities.indexOf(Math.max(...probabilities))];
    };
    assert.equal(await answer('first', [{ ...first!, weight: 10 }, second!]), one.code);
    assert.equal(await answer('second', [first!, { ...second!, weight: 10 }]), other.code);
  });

  it('answers evenly where there is nothing to read, and says so', async () => {
    const model = await joined.load(join(folder, 'one', 'model'), null);
    const nothing = { designation: '', description: '<br>' };
    assert.equal(model.reads(nothing), false);
    assert.equal(model.reads({ designation: 'chaise', description: '' }), true);
    assert.deepEqual(await model.predict([nothing]), new Float32Array(CLASSES).fill(1 / CLASSES));
  });

  it('leaves out-of-fold probabilities of the training rows, then the validation rows', async () => {
    const { probabilities, labels, hasText } = await readSafetensors(
      join(folder, 'one', 'out-of-fold.safetensors'),
    );
    const { train, validation } = dataset.counts;
    assert.deepEqual(probabilities!.shape, [train.rows + validation.rows, CLASSES]);
    assert.equal(labels!.data[train.rows], 0);
    // The row without text.
    assert.equal(hasText!.data.indexOf(0), train.rows - 1);
    assert.equal(probabilities!.data[(train.rows - 1) * CLASSES], Math.fround(1 / CLASSES));
  });

  it('keeps what a row itself says out of its out-of-fold probabilities', async () => {
    const { probabilities, labels } = await readSafetensors(join(folder, 'one', 'out-of-fold.safetensors'));
    // The last row's only word stands nowhere else.
    const row = labels!.data.length - 1;
    const own = probabilities!.data.subarray(row * CLASSES, (row + 1) * CLASSES);
    assert.notEqual(own.indexOf(Math.max(...own)), labels!.data[row]);
  });

  it('gives the same bytes with another number of threads', async () => {
    await trainJoined(input('two'), context(), 2);
    for (const file of [
      'model/ngram/weights.safetensors',
      'model/ngram/ngram.json',
      'model/text.json',
      'out-of-fold.safetensors',
    ]) {
      const [one, two] = await Promise.all(['one', 'two'].map((name) => readFile(join(folder, name, file))));
      assert.ok(one!.equals(two!), `${file} differs`);
    }
  });

  it('tells how far it is', () => {
    const fractions = reports.map(({ fraction }) => fraction);
    assert.equal(fractions.at(-1), 1);
    assert.ok(fractions.length > CLASSES);
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(trainJoined(input('stopped'), context(signal), 1), /enough/);
  });

  it('names a wrong parameter', () => {
    assert.throws(() => joined.parameters({ c: -1 }), { code: 'PARAMETER_INVALID', message: /c: / });
    assert.throws(() => joined.parameters({ unknown: 1 }), { code: 'PARAMETER_INVALID' });
  });

  it('says what is wrong with a damaged model', async () => {
    const model = join(folder, 'one', 'model');
    for (const file of ['text.json', join('ngram', 'ngram.json')]) {
      const damaged = join(folder, 'damaged');
      await cp(model, damaged, { recursive: true });
      await writeFile(join(damaged, file), '{}');
      await assert.rejects(joined.load(damaged, null), { code: 'MODEL_FILE_CORRUPT' }, file);
    }
  });
});
