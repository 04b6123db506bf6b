import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dvc } from '../../cli/setup/dvc.mjs';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { PROJECT } from '../../config.ts';
import { type CorrectedProduct, exportCorrections } from '../../data/corrections.ts';
import { generateSample } from '../../data/sample/generate.ts';
import { lineageSources } from '../../models/lineage/sources.ts';
import { createTrace } from '../../models/lineage/trace.ts';
import { lineageTree } from '../../models/lineage/tree.ts';
import type { TrainAndDeployResult } from '../../temporal/contracts.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { jpeg } from '../support/tiny-catalogue.ts';
import { giveEncoders, SMALL, trainingMaterials } from '../support/training.ts';

/** A real training with corrections, whose workers are gone when it is to be done again. */
describe('npm run reproduce', function () {
  this.timeout(300_000);
  let root: string;
  let stack: Stack;
  let varDirectory: string;
  let trained: TrainAndDeployResult;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    if (!dvc()) skip(this, 'no DVC: run npm run setup');
    root = await mkdtemp(join(tmpdir(), 'etiquette-reproduce-'));
    varDirectory = join(root, 'var');
    const { catalogue } = await trainingMaterials();
    await giveEncoders(varDirectory);
    stack = await startStack(root, ['pipeline', 'training'], { DVC: 'on' });
    const increment = join(root, 'corrections');
    const exported = await exportCorrections(await correctedProducts(), increment);
    const corrections = { directory: exported?.catalogue.directory ?? '', weight: 4 };
    const split = { trainPerCode: 5, validationPerCode: 1 };
    trained = await stack.client.workflow.execute('trainAndDeploy', {
      workflowId: 'train-and-deploy',
      taskQueue: stack.queue,
      args: [{ ...SMALL, catalogue, corrections, seed: 7, split, deploy: false }],
    });
    assert.deepEqual(trained.warnings, []);
    assert.deepEqual([trained.corrections?.rows, trained.corrections?.weight], [6, 4]);
    // From here on they are with the dataset alone.
    await rename(corrections.directory, join(root, 'aside'));
    await Promise.all([...stack.servers.values()].map((server) => server.stop()));
  });
  after(async () => {
    await stack?.close();
    if (root) await rm(root, { recursive: true, force: true });
  });

  function reproduce(
    ...args: string[]
  ): Promise<{ code: number; report: Record<string, unknown>; err: string }> {
    const command = [
      join(PROJECT, 'cli/etiquette.mjs'),
      'reproduce',
      trained.bundle ?? '',
      '--json',
      ...args,
    ];
    const env = { ...process.env, ...stack.env, DVC: 'on' };
    return new Promise((resolve) => {
      execFile(process.execPath, command, { env, cwd: PROJECT }, (error, out, err) => {
        const report = out.trim().startsWith('{') ? JSON.parse(out) : {};
        resolve({ code: error ? Number(error.code) : 0, report, err: `${out}${err}` });
      });
    });
  }

  it('trains the same bundle from the data that DVC kept, hash for hash', async () => {
    const { code, report, err } = await reproduce();
    assert.equal(code, 0, err);
    const { revision, ...rest } = report;
    const { bundle } = trained;
    assert.deepEqual(rest, { bundle, same: true, made: bundle, codeChanged: false, differences: [] });
    assert.match(err, /Pulling dataset/);
    assert.ok(revision === null || /^[0-9a-f]{40}$/.test(`${revision}`));
    const left = (await readdir(varDirectory)).filter((name) => name.startsWith('reproduce-'));
    assert.deepEqual(left, [], 'nothing is left behind');
  });

  it('says what differs first when the data are others', async () => {
    const other = join(root, 'other');
    await generateSample({ directory: other, productsPerCode: 7, testProducts: 8, pictureSize: 64 });
    await rename(join(root, 'aside'), join(other, 'corrections'));
    const { code, report, err } = await reproduce('--catalogue', other);
    assert.equal(code, 3, err);
    const [first] = report.differences as { what: string; was: string; is: string }[];
    assert.equal(first?.what, 'lineage.datasetVersion');
    assert.equal(first.was, JSON.stringify(trained.datasetVersion));
    assert.deepEqual([report.same, report.codeChanged], [false, false]);
  });

  it('is traced: the bundle leads to its run and to the data in DVC', async () => {
    const count = { count: 0, first: null, last: null };
    const predictions = { find: async () => null, countOf: async () => count };
    const places = {
      ...{ bundles: join(varDirectory, 'bundles'), deployments: join(varDirectory, 'deployments.json') },
      ...{ tracking: join(varDirectory, 'tracking'), versions: join(varDirectory, 'dvc') },
    };
    const page = (...ids: string[]) => ids.join('/');
    const trace = createTrace(lineageSources(places, { predictions, page }));
    const { bundles, runs, datasets } = await trace(trained.bundle ?? '');
    assert.deepEqual(bundles[0]?.made?.lineage?.split, { trainPerCode: 5, validationPerCode: 1 });
    assert.equal(runs[0]?.workflowId, 'train-and-deploy');
    assert.deepEqual(datasets[0]?.corrections, trained.corrections);
    const tree = lineageTree(await trace(trained.bundle ?? ''));
    assert.match(tree, /6 corrections [0-9a-f]{16}, each counted 4 times/);
    assert.equal(datasets[0]?.version, trained.datasetVersion);
    assert.ok(datasets[0]?.kept?.files.some(({ pointer }) => pointer.endsWith('X_train_update.csv.dvc')));
  });
});

/** Some with a picture, so that there is one to find beside the catalogue's in whatever part they come. */
function correctedProducts(): Promise<CorrectedProduct[]> {
  return Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (number) => {
      const designation = `Bouée licorne numéro ${number}`;
      const inputsHash = createHash('sha256').update(designation).digest('hex');
      return {
        ...{ id: `${number}`, at: '2026-01-02T03:04:05.678Z', inputsHash, code: 2583 },
        ...{ designation, description: '', picture: number % 2 === 0 ? await jpeg(number) : null },
      } satisfies CorrectedProduct;
    }),
  );
}
