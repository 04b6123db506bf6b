import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createFetch, type FetchInput } from '../../activities/fetch.ts';
import { createSplit } from '../../activities/split.ts';
import { createValidate } from '../../activities/validate.ts';
import { PARTS } from '../../data/catalogue.ts';
import type { CorrectedProduct } from '../../data/corrections.ts';
import { readRows } from '../../data/read.ts';
import { datasetFiles } from '../../data/versions/dataset.ts';
import {
  inFolder,
  jpeg,
  tinyPictures,
  tinyRows,
  writeFiles,
  xTable,
  yTable,
} from '../support/tiny-catalogue.ts';
import { quiet } from '../workflows/environment.ts';

function corrected(designation: string, more: Partial<CorrectedProduct> = {}): CorrectedProduct {
  const inputsHash = createHash('sha256').update(designation).digest('hex');
  return {
    ...{ id: designation, at: '2026-01-02T03:04:05.678Z', inputsHash, code: 2583 },
    ...{ designation, description: '', picture: null },
    ...more,
  };
}

describe('corrections on their way into training', () => {
  before(quiet);

  /** An installation with a tiny catalogue; `run` takes what is on record through fetch, validate and split. */
  async function installation(folder: string, weight = 3) {
    const rows = tinyRows();
    const pictures = Object.entries(await tinyPictures(rows));
    const source = join(folder, 'source');
    await writeFiles(source, {
      'X_train_update.csv': xTable(rows),
      'Y_train_CVw08PX.csv': yTable(rows),
      ...Object.fromEntries(pictures.map(([name, bytes]) => [`images/${name}`, bytes])),
    });
    const place = (name: string) => join(folder, name);
    const run = async (
      recorded: readonly CorrectedProduct[],
      corrections: FetchInput['corrections'] = 'recorded',
    ) => {
      const deps = {
        config: {
          ...{ stages: place('stages'), catalogues: place('catalogues'), corrections: place('corrections') },
          ...{ CATALOGUE_X_TRAIN: 'X_train_update.csv', CATALOGUE_Y_TRAIN: 'Y_train_CVw08PX.csv' },
          ...{ CATALOGUE_X_TEST: 'X_test_update.csv', CATALOGUE_IMAGES: 'images' },
          ...{ CATALOGUE_IMAGES_ARCHIVE: 'images.zip', CORRECTION_WEIGHT: weight },
        },
        corrections: async function* () {
          yield* recorded;
        },
      } as unknown as ActivityDeps;
      const activity = <I, O>(one: (input: I) => Promise<O>, input: I): Promise<O> =>
        new MockActivityEnvironment().run(one, input);
      const catalogue = await activity(createFetch(deps), { source, corrections });
      const validation = await activity(createValidate(deps), { catalogue });
      const split = await activity(createSplit(deps), {
        ...{ catalogue, seed: 42, split: {} },
        ...{ validation: validation.report, correctionsValidation: validation.corrections },
      });
      return { catalogue, validation, split };
    };
    return { run };
  }

  it('change nothing while there are none', () =>
    inFolder(async (folder) => {
      const { run } = await installation(folder);
      const { catalogue, validation, split } = await run([]);
      assert.deepEqual(
        [catalogue.corrections, validation.corrections, split.dataset.corrections],
        [undefined, undefined, undefined],
      );
      assert.equal(split.dataset.catalogueDirectory, catalogue.directory);
      const bytes = await readFile(join(split.dataset.directory, 'train.ndjson'), 'utf8');
      assert.ok(!bytes.includes('weight'));
    }));

  it('let every stage be reused while they are the same, in whatever order they are read', () =>
    inFolder(async (folder) => {
      const { run } = await installation(folder);
      const both = [corrected('Bouée', { picture: await jpeg(5) }), corrected('Épée', { code: 60 })];
      const reused = ({ catalogue, validation, split }: Awaited<ReturnType<typeof run>>) => [
        ...[catalogue.reused, validation.reused, split.reused],
      ];
      assert.deepEqual(reused(await run(both)), [false, false, false]);
      assert.deepEqual(reused(await run([...both].reverse())), [true, true, true]);
      assert.deepEqual(reused(await run([...both, corrected('Tasse')])), [false, false, false]);
      assert.deepEqual(reused(await run(both)), [true, true, true]);
    }));

  it('come into one part each, with their weight, and into the dataset’s facts', () =>
    inFolder(async (folder) => {
      const { run } = await installation(folder, 5);
      const { catalogue, split } = await run([corrected('Bouée'), corrected('Épée')]);
      const found: string[] = [];
      for (const part of PARTS) {
        for await (const { designation, weight } of readRows(
          join(split.dataset.directory, `${part}.ndjson`),
        )) {
          if (weight === 5) found.push(designation);
        }
      }
      assert.deepEqual(found.sort(), ['Bouée', 'Épée']);
      const { version } = catalogue.corrections?.increment ?? {};
      assert.deepEqual(split.dataset.corrections, { version, rows: 2, weight: 5 });
    }));

  it('keep their text where their picture cannot be read', () =>
    inFolder(async (folder) => {
      const { run } = await installation(folder);
      const { validation, split } = await run([corrected('Bouée', { picture: Buffer.from('no picture') })]);
      assert.ok(validation.warnings.some((warning) => warning.startsWith('Corrections: ')));
      for (const part of PARTS) {
        for await (const row of readRows(join(split.dataset.directory, `${part}.ndjson`))) {
          if (row.designation === 'Bouée') assert.equal(row.picture, null);
        }
      }
    }));

  it('stay away from a run that is to have none', () =>
    inFolder(async (folder) => {
      const { run } = await installation(folder);
      const { split } = await run([corrected('Bouée')], 'none');
      assert.equal(split.dataset.version, (await run([])).split.dataset.version);
    }));

  it('are kept with the dataset, and make the same dataset again from there', () =>
    inFolder(async (folder) => {
      const { run } = await installation(folder);
      const { catalogue, split } = await run([corrected('Bouée', { picture: await jpeg(5) })]);
      const kept = await datasetFiles(catalogue, split.dataset, catalogue.corrections?.increment);
      const back = Object.fromEntries(
        await Promise.all(kept.map(async ({ path, source }) => [path, await readFile(source)] as const)),
      );
      await writeFiles(join(folder, 'back'), back);
      const again = await run([], { directory: join(folder, 'back', 'corrections'), weight: 3 });
      assert.equal(again.split.dataset.version, split.dataset.version);
    }));
});
