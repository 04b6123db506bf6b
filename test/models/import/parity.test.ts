import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBundle, verifyFiles } from '../../../models/bundle/load.ts';
import { type ImportInput, importBundle } from '../../../models/import/import.ts';
import type { MlProcess, PredictProduct } from '../../../models/runtime/jobs.ts';
import { createMlProcess } from '../../../models/runtime/process.ts';
import {
  byTypeCode,
  copyOriginal,
  FIXTURES,
  FORMATS,
  type Format,
  LEXICOGRAPHIC,
  readPredictions,
  textsOf,
} from './keras.ts';

const TOLERANCE = 1e-5;

function assertEqualWithin(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length);
  const worst = Math.max(...expected.map((value, index) => Math.abs((actual[index] ?? Number.NaN) - value)));
  assert.ok(worst <= TOLERANCE, `${what} differs by ${worst}`);
}

describe('an imported bundle', function () {
  this.timeout(60_000);
  let scratch: string;
  let ml: MlProcess;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'import-'));
    ml = createMlProcess({ name: 'import-test', threads: 1 });
  });
  after(async () => {
    await ml.close();
    await rm(scratch, { recursive: true, force: true });
  });

  const input = (directory: string, more: Partial<ImportInput> = {}): ImportInput => ({
    directory,
    imageClasses: 'lexicographic',
    bundles: join(scratch, 'bundles'),
    encoders: join(scratch, 'encoders'),
    scratch,
    ml,
    madeBy: { at: '2026-01-01T00:00:00.000Z', workflowId: null, runId: null, etiquette: 'test' },
    ...more,
  });

  async function predict(version: string, products: readonly PredictProduct[]) {
    const bundle = join(scratch, 'bundles', version);
    await ml.run('loadBundle', { bundle, encoders: join(scratch, 'encoders') });
    const { predictions } = await ml.run('predict', { products });
    return predictions.map((outcome) => {
      assert.ok('probabilities' in outcome, JSON.stringify(outcome));
      return outcome;
    });
  }

  async function expected(format: Format, columns: readonly number[]) {
    const mapper = Object.values(
      JSON.parse(await readFile(join(FIXTURES, format, 'mapper.json'), 'utf8')),
    ).map(Number);
    const { text, image, ids, pictures } = await readPredictions(format);
    const imageByIndex = image.map((row) => row.map((_, index) => row[columns.indexOf(index)]!));
    return {
      text: text.map((row) => byTypeCode(row, mapper)),
      image: imageByIndex.map((row) => byTypeCode(row, mapper)),
      products: await Promise.all(
        (await textsOf(format, ids)).map(async (description, index) => ({
          designation: '',
          description,
          picture: pictures[index] ? await readFile(join(FIXTURES, format, pictures[index])) : null,
        })),
      ),
    };
  }

  for (const format of FORMATS) {
    it(`of ${format} answers as Keras does, within 1e-5: text, picture and both`, async () => {
      const { version } = await importBundle(input(join(FIXTURES, format)));
      const { products, text, image } = await expected(format, LEXICOGRAPHIC);
      const answers = await predict(version, products);
      answers.forEach((answer, row) => {
        assertEqualWithin(answer.text!, text[row]!, `text of row ${row}`);
        const seen = image[row];
        assert.equal(answer.image === null, seen === undefined);
        if (seen) assertEqualWithin(answer.image!, seen, `picture of row ${row}`);
        const fused = text[row]!.map((value, code) => (seen ? 0.63 * value + 0.37 * seen[code]! : value));
        assertEqualWithin(answer.probabilities, fused, `row ${row}`);
      });
    });

    it(`of ${format} may have its convolutions in one nested layer`, async () => {
      const flat = await importBundle(input(join(FIXTURES, format)));
      const directory = await copyOriginal(format);
      try {
        const nested = join(FIXTURES, 'nested', `best_vgg16_model.${format}.h5`);
        await cp(nested, join(directory, 'best_vgg16_model.h5'));
        const { version } = await importBundle(input(directory));
        const { products } = await expected(format, LEXICOGRAPHIC);
        const [before, after] = [await predict(flat.version, products), await predict(version, products)];
        // Equal weights; one training step apart from rounding alone.
        after.forEach(({ probabilities }, row) => {
          assertEqualWithin(probabilities, Array.from(before[row]!.probabilities), `row ${row}`);
        });
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  }

  it('can have picture columns in the order of the class index', async () => {
    const { version } = await importBundle(input(join(FIXTURES, 'keras2'), { imageClasses: 'index' }));
    const inOrder = Array.from({ length: 27 }, (_, index) => index);
    const { products, image } = await expected('keras2', inOrder);
    const [first] = await predict(version, products);
    assertEqualWithin(first!.image!, image[0]!, 'picture');
  });

  it('is whole: every file has its hash, the original’s JSON files and golden products are there', async () => {
    const { version } = await importBundle(input(join(FIXTURES, 'keras2')));
    const directory = join(scratch, 'bundles', version);
    const bundle = await readBundle(directory);
    await verifyFiles(directory, bundle);
    assert.equal(await readFile(join(directory, 'best_weights.json'), 'utf8'), '[0.63, 0.37]');
    for (const file of ['mapper.json', 'text/tokenizer_config.json', 'golden/picture-0.png']) {
      assert.ok(file in bundle.files, file);
    }
    const golden = JSON.parse(await readFile(join(directory, 'golden/products.json'), 'utf8'));
    assert.equal(golden.length, 4);
    const { source, name } = bundle.encoders.image;
    assert.deepEqual([name, bundle.lineage, bundle.metrics], ['vgg16', null, null]);
    assert.match(source, /imported best_vgg16_model\.h5/);
  });

  it('of the same files has the same version, and leaves no scratch behind', async () => {
    const first = await importBundle(input(join(FIXTURES, 'keras3')));
    const again = await importBundle(input(join(FIXTURES, 'keras3')));
    assert.equal(again.version, first.version);
    assert.deepEqual((await readdir(scratch)).sort(), ['bundles', 'encoders']);
  });
});
