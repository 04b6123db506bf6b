import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createPushBundle, createPushDataset, createPushPredictions } from '../../activities/push.ts';
import { dvc } from '../../cli/setup/dvc.mjs';
import { PROJECT } from '../../config.ts';
import { CHALLENGE_FILES } from '../../data/catalogue.ts';
import { splitCatalogue } from '../../data/dataset.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import type { VersionRecord } from '../../data/versions/record.ts';
import { createVersionStore } from '../../data/versions/store.ts';
import { readBundle, verifyFiles } from '../../models/bundle/load.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { skip } from '../support/skip.ts';
import { inFolder, tinyPictures, tinyRows, writeFiles, xTable, yTable } from '../support/tiny-catalogue.ts';
import { zipOf } from '../support/zip.ts';

const { xTrain, yTrain, images, imagesArchive } = CHALLENGE_FILES;
const signal = new AbortController().signal;

describe('the activities that push', function () {
  this.timeout(120_000);
  before(function () {
    if (!dvc()) skip(this, 'no DVC: run npm run setup');
  });

  /** An installation in a folder, with the real store on a folder as remote. */
  function installation(folder: string) {
    const remote = { endpoint: undefined, accessKeyId: undefined, secretAccessKey: undefined };
    const versions = createVersionStore({
      command: dvc(),
      directory: join(folder, 'var/dvc'),
      remote: { url: join(folder, 'var/dvc-remote'), ...remote },
    });
    const deps = { config: { bundles: join(folder, 'var/bundles') }, versions } as unknown as ActivityDeps;
    const environment = new MockActivityEnvironment(
      { workflowExecution: { workflowId: 'train-and-deploy', runId: 'run-1' } },
      // Failures are expected here.
      { logger: new DefaultLogger('ERROR') },
    );
    const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
      environment.run(activity, input);
    return { versions, deps, run };
  }

  async function catalogueIn(folder: string, packed: boolean) {
    const rows = tinyRows();
    const pictures = await tinyPictures(rows);
    const loose = Object.entries(pictures).map(([name, data]) => [`${images}/${name}`, data] as const);
    const archive = { [imagesArchive]: zipOf(loose.map(([name, data]) => ({ name, data }))) };
    await writeFiles(join(folder, 'source'), {
      [xTrain]: xTable(rows),
      [yTrain]: yTable(rows),
      ...(packed ? archive : Object.fromEntries(loose)),
    });
    const fetched = (source: string, directory: string) =>
      fetchCatalogue({
        source: join(folder, source),
        directory: join(folder, directory),
        files: CHALLENGE_FILES,
      });
    const catalogue = await fetched('source', 'work');
    const dataset = await splitCatalogue({ catalogue, seed: 7, directory: join(folder, 'split') });
    return { catalogue, dataset, fetched };
  }

  for (const packed of [true, false]) {
    const form = packed ? 'an archive of pictures' : 'a folder of pictures';
    it(`keep a catalogue with ${form}, once, and it is the same catalogue when it comes back`, async () => {
      await inFolder(async (folder) => {
        const { versions, deps, run } = installation(folder);
        const { catalogue, dataset, fetched } = await catalogueIn(folder, packed);
        const { version } = dataset;
        const push = createPushDataset(deps);
        assert.deepEqual(await run(push, { catalogue, dataset }), { version, reused: false });
        assert.deepEqual(await run(push, { catalogue, dataset }), { version, reused: true });
        const record = await versions.find(version);
        assert.deepEqual(
          record?.outputs.map(({ path }) => path),
          [xTrain, yTrain, packed ? imagesArchive : images, 'split.json'].sort(),
        );
        assert.equal(record?.from.catalogueHash, catalogue.contentHash);
        assert.equal(record?.runId, 'run-1');
        await rm(join(folder, 'var/dvc/.dvc/cache'), { recursive: true });
        await versions.pull(version, join(folder, 'back'), signal);
        assert.equal((await fetched('back', 'work-again')).contentHash, catalogue.contentHash);
      });
    });
  }

  it('refuse a catalogue that is no longer the one that was split', async () => {
    await inFolder(async (folder) => {
      const { versions, deps, run } = installation(folder);
      const { catalogue, dataset } = await catalogueIn(folder, false);
      await writeFile(join(folder, 'source', xTrain), 'changed');
      await assert.rejects(run(createPushDataset(deps), { catalogue, dataset }), {
        type: 'VERSION_SOURCE_CHANGED',
      });
      // Fetched again, its manifest fits the new content, and not this dataset.
      await fetchCatalogue({
        source: join(folder, 'source'),
        directory: join(folder, 'work'),
        files: CHALLENGE_FILES,
      });
      await assert.rejects(run(createPushDataset(deps), { catalogue, dataset }), {
        type: 'VERSION_SOURCE_CHANGED',
      });
      assert.deepEqual(await versions.list(), []);
    });
  });

  it('keep predictions by their content, and commands list and bring them back', async () => {
    await inFolder(async (folder) => {
      const { deps, run } = installation(folder);
      const { catalogue } = await catalogueIn(folder, false);
      const out = join(folder, 'predictions.json');
      await writeFile(out, '{"0": "2583"}\n');
      const bundle = 'b'.repeat(16);
      const push = createPushPredictions(deps);
      const { version } = await run(push, { out, bundle, catalogue });
      assert.deepEqual(await run(push, { out, bundle, catalogue }), { version, reused: true });
      await writeFile(out, '{"0": "10"}\n');
      assert.notEqual((await run(push, { out, bundle, catalogue })).version, version);

      const { versions: listed }: { versions: VersionRecord[] } = JSON.parse(
        await dataCommand(folder, 'list', '--json'),
      );
      assert.deepEqual(
        listed.map(({ kind, from, pushes }) => [kind, from.bundle, pushes.length]),
        [
          ['predictions', bundle, 1],
          ['predictions', bundle, 1],
        ],
      );
      await dataCommand(folder, 'pull', version, '--to', 'back');
      assert.equal(await readFile(join(folder, 'back/predictions.json'), 'utf8'), '{"0": "2583"}\n');
    });
  });

  it('keep a bundle that is a sound bundle when it comes back, and a command those of before there was DVC', async () => {
    await inFolder(async (folder) => {
      const { versions, deps, run } = installation(folder);
      const bundles = join(folder, 'var/bundles');
      await mkdir(bundles, { recursive: true });
      const bundle = await fixtureBundle(bundles, { favourite: 3 });
      const push = createPushBundle(deps);
      assert.deepEqual(await run(push, { bundle }), { version: bundle, reused: false });
      await versions.pull(bundle, join(folder, 'back', bundle), signal);
      await verifyFiles(join(folder, 'back', bundle), await readBundle(join(folder, 'back', bundle)));

      const older = await fixtureBundle(bundles, { favourite: 4 });
      await dataCommand(folder, 'push');
      assert.deepEqual(await run(push, { bundle: older }), { version: older, reused: true });
      await assert.rejects(run(push, { bundle: 'b'.repeat(16) }), { type: 'BUNDLE_UNKNOWN' });
    });
  });
});

/** `npm run data -- args`, called from the folder that has the installation. */
async function dataCommand(folder: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, VAR_DIR: join(folder, 'var'), INIT_CWD: folder };
  const call = [join(PROJECT, 'cli/etiquette.mjs'), 'data', ...args];
  return (await promisify(execFile)(process.execPath, call, { env })).stdout;
}
