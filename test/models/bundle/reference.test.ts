import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { DatasetRef, DatasetRow } from '../../../data/catalogue.ts';
import { random } from '../../../data/random.ts';
import { writeRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { type OpenBundle, openBundle } from '../../../models/bundle/open.ts';
import { predictProducts } from '../../../models/bundle/predict.ts';
import { REFERENCE, readReference } from '../../../models/bundle/reference.ts';
import { makeReference } from '../../../models/bundle/reference-job.ts';
import { score } from '../../../models/bundle/scoring-jobs.ts';
import { writeBundle } from '../../../models/bundle/write.ts';
import type { DriftFeatures } from '../../../models/drift/features.ts';
import { driftReport } from '../../../models/drift/report.ts';
import { readDescriptor } from '../../../models/encoders/descriptor.ts';
import { family } from '../../../models/families.ts';
import { saveVgg16Encoder } from '../../../models/image/vgg16/encoder-file.ts';
import type { JobContext, MakeReferenceInput, Parameters } from '../../../models/runtime/jobs.ts';
import { writeOwnImageEncoder, writeOwnTextEncoder } from '../encoders/own-fixtures.ts';
import { slimVgg16 } from '../image/slim-vgg16.ts';

const context: JobContext = { signal: new AbortController().signal, progress() {} };
const COUNTS = { train: 4, validation: 2, test: 20 } as const;
type Part = keyof typeof COUNTS;
const CODES = TYPE_CODES.slice(0, 3);
const WORDS = ['piscine ronde', 'livre ancien', 'jeu de société'];

interface Setup {
  readonly parameters: { readonly text: Parameters; readonly image: Parameters };
  /** Names of encoders that it puts into a folder. */
  readonly encoders: (directory: string) => Promise<{ readonly image: Named; readonly text: Named | null }>;
}
interface Named {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
}

async function installed(name: string, directory: string, made: string): Promise<Named> {
  const { sha256 } = await readDescriptor(made);
  const file = join(directory, `${name}-${sha256.slice(0, 12)}`);
  await rename(made, file);
  return { name, file, sha256 };
}

const FAMILIES: Readonly<Record<string, Setup>> = {
  'ngram-efficientnet': {
    parameters: { text: { folds: 2 }, image: {} },
    encoders: async (directory) => ({
      image: await installed('lines', directory, await writeOwnImageEncoder(join(directory, 'image'))),
      text: await installed('sines', directory, await writeOwnTextEncoder(join(directory, 'text'))),
    }),
  },
  'lstm-vgg16': {
    parameters: {
      text: { words: 50, subwords: 50, embedding: 8, units: 8, epochs: 1 },
      image: { size: 32, hidden: 8, epochs: 1 },
    },
    encoders: async (directory) => ({
      image: { name: 'vgg16', ...(await saveVgg16Encoder(slimVgg16(4), directory, 'random')) },
      text: null,
    }),
  },
};

for (const [name, setup] of Object.entries(FAMILIES)) {
  describe(`the reference of a bundle of ${name}`, function () {
    this.timeout(60_000);
    let folder: string;
    let input: MakeReferenceInput;
    let watched: OpenBundle;
    let unwatched: OpenBundle;
    const rows = {} as Record<Part, DatasetRow[]>;
    const at = (...path: string[]) => join(folder, ...path);

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'reference-'));
      for (const part of Object.keys(COUNTS) as Part[]) {
        rows[part] = await Promise.all(
          CODES.flatMap((_, own) => Array.from({ length: COUNTS[part] }, (_, n) => rowOf(part, own, n))),
        );
        await writeRows(at(`${part}.ndjson`), rows[part]);
      }
      const { image, text } = await setup.encoders(await made('encoders'));
      const { parameters } = setup;
      const recipes = family(name);
      const common = { family: name, dataset: datasetOf(rows), seed: 1 };
      const shard = {
        file: at('shard.safetensors'),
        pictures: Object.values(rows).flatMap((part) => part.flatMap(({ picture }) => picture ?? [])),
      };
      await recipes.text.train(
        {
          ...{ ...common, parameters: parameters.text, encoder: text },
          ...{ featuresDirectory: at('features'), directory: at('text') },
        },
        context,
      );
      await recipes.image.computeFeatures(
        {
          ...{ family: name, parameters: recipes.image.parameters(parameters.image), encoder: image },
          ...{ picturesDirectory: folder, shard },
        },
        context,
      );
      await recipes.image.train(
        { ...common, parameters: parameters.image, shards: [shard], directory: at('image') },
        context,
      );
      const models = {
        ...{ textModel: at('text', 'model'), imageModel: at('image', 'model') },
        textEncoder: text?.file ?? null,
      };
      const test = { ...common, ...models, part: 'test', shards: [shard] } as const;
      const fusion = {
        ...{ kind: recipes.fusion, textWeight: 0.6 },
        ...{ temperature: 1, textTemperature: 1, imageTemperature: 1 },
      };
      const file = at('scores.safetensors');
      await score({ ...test, textOutOfFold: null, imageOutOfFold: null, file }, context);
      input = {
        ...{ ...common, ...models, imageEncoder: image, shards: [shard], scores: file, fusion },
        file: at(REFERENCE),
      };
      assert.deepEqual(await makeReference(input, context), { rows: 60 });

      const opened = async (texts: Record<string, string>) => {
        const { version } = await writeBundle(at('bundles'), {
          family: name,
          text: { recipe: recipes.text.name, parameters: {}, directory: models.textModel },
          image: { recipe: recipes.image.name, parameters: {}, directory: models.imageModel },
          encoders: { image: named(image), text: text && named(text) },
          ...{ fusion, lineage: null, metrics: null, golden: [], texts },
          madeBy: { at: '2025-01-01T00:00:00Z', workflowId: null, runId: null, etiquette: 'test' },
        });
        return openBundle(at('bundles', version), at('encoders'));
      };
      watched = await opened({ [REFERENCE]: await readFile(input.file, 'utf8') });
      unwatched = await opened({});
    });
    after(async () => {
      for (const bundle of [watched, unwatched]) {
        bundle?.text.dispose();
        bundle?.image.dispose();
      }
      await rm(folder, { recursive: true });
    });

    const named = ({ name: own, sha256 }: Named) => ({ name: own, sha256, source: 'a test' });
    const made = async (folderName: string) => {
      await mkdir(at(folderName));
      return at(folderName);
    };

    function datasetOf(parts: Record<Part, DatasetRow[]>): DatasetRef {
      const count = (part: Part) => ({
        rows: parts[part].length,
        pictures: parts[part].filter(({ picture }) => picture).length,
      });
      const counts = { train: count('train'), validation: count('validation'), test: count('test') };
      return { version: 'one', directory: folder, catalogueDirectory: folder, counts };
    }

    const shadeOf = (part: Part, own: number, number: number) => ({
      ...{ r: 100 * own, b: 40 },
      g: Math.round(255 * random(1, part, own, number)()),
    });

    /** Of every two, one has a picture: wide, in a shade of its code's own. */
    async function rowOf(part: Part, own: number, number: number): Promise<DatasetRow> {
      const row = `${part}-${own}-${number}`;
      const background = shadeOf(part, own, number);
      const bytes =
        number % 2 === 0 &&
        (await sharp({ create: { width: 64, height: 48, channels: 3, background } })
          .png()
          .toBuffer());
      if (bytes) await writeFile(at(`${row}.png`), bytes);
      return {
        ...{ row, productId: row, imageId: row, code: CODES[own]! },
        ...{ designation: `${WORDS[own]} ${number}`, description: number % 3 === 0 ? '' : 'produit neuf' },
        picture: bytes
          ? { file: `${row}.png`, sha256: createHash('sha256').update(bytes).digest('hex') }
          : null,
      };
    }

    async function answered(bundle: OpenBundle, products: readonly DatasetRow[]) {
      const asked = products.map(async ({ designation, description, picture }) => ({
        ...{ designation, description },
        picture: picture && (await readFile(at(picture.file))),
      }));
      return (await predictProducts(bundle, await Promise.all(asked))).map((outcome) => {
        if ('problem' in outcome) throw new Error(outcome.problem.message);
        return outcome;
      });
    }

    it('says of the test rows what the bundle says when it serves them: a report finds no difference', async () => {
      const predictions: DriftFeatures[] = [];
      for (const { features } of await answered(watched, rows.test)) predictions.push(features!);
      const reference = (await readReference(at('bundles', watched.bundle.version), watched.bundle))!;
      const report = driftReport(reference, { from: null, to: null, predictions, checked: null });
      assert.equal(report.level, 'ok');
      for (const { feature, value } of report.statistics) {
        assert.ok(value < 1e-3, `${feature}: ${value}`);
      }
      assert.equal(predictions.filter(({ picture }) => picture?.[0] === 64 && picture[1] === 48).length, 30);
      const { r, g, b } = shadeOf('test', 1, 0);
      const brightness = predictions[COUNTS.test]!.picture![2];
      assert.ok(Math.abs(brightness - (0.299 * r + 0.587 * g + 0.114 * b)) <= 1, `${brightness}`);
      assert.equal(predictions.filter(({ seen }) => seen).length, 30);
      const read = setup === FAMILIES['ngram-efficientnet'] ? 60 : 0;
      assert.equal(predictions.filter((one) => one.read).length, read);
    });

    it('is the same bytes again, where pictures are encoded for it and where their features were kept', async () => {
      const file = at('again.json');
      await makeReference({ ...input, shards: null, file }, context);
      assert.equal(await readFile(file, 'utf8'), await readFile(input.file, 'utf8'));
    });

    it('is not made of fewer than 50 rows', async () => {
      const few = { ...rows, test: rows.test.slice(0, 49) };
      const directory = await made('few');
      for (const part of Object.keys(COUNTS) as Part[]) {
        await writeRows(join(directory, `${part}.ndjson`), few[part]);
      }
      const file = at('few.json');
      const dataset = { ...datasetOf(few), directory };
      assert.deepEqual(await makeReference({ ...input, dataset, file }, context), { rows: null });
      assert.equal(existsSync(file), false);
    });

    it('is what answers are watched by: without one they are the same, and not watched', async () => {
      const products = rows.test.slice(0, 4);
      const plain = await answered(unwatched, products);
      assert.ok(plain.every(({ features }) => features === null));
      const without = (await answered(watched, products)).map((outcome) => ({ ...outcome, features: null }));
      assert.deepEqual(without, plain);
    });
  });
}
