import { strict as assert } from 'node:assert';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../../api/database/open.ts';
import { createPredictions, type Predictions } from '../../../api/database/predictions.ts';
import type { Database } from '../../../api/database/schema.ts';
import { writeRecord } from '../../../data/versions/record.ts';
import { recordDeployment } from '../../../models/bundle/deployments.ts';
import type { Bundle } from '../../../models/bundle/format.ts';
import { prunedFolder } from '../../../models/bundle/prune.ts';
import { writeBundle } from '../../../models/bundle/write.ts';
import type { Lineage } from '../../../models/lineage/lineage.ts';
import { lineageSources } from '../../../models/lineage/sources.ts';
import { createTrace, type Trace } from '../../../models/lineage/trace.ts';
import { lineageTree } from '../../../models/lineage/tree.ts';
import { openOutbox } from '../../../models/tracking/outbox.ts';

const DATASET = 'd'.repeat(16);
const BATCH = 'c'.repeat(16);
const CATALOGUE = 'e'.repeat(64);
const PREDICTION = '0e0d7a0e-0000-4000-8000-000000000001';
const MLFLOW = 'f'.repeat(32);
const split = { trainPerCode: 600, validationPerCode: 50 };
const part = { rows: 10, pictures: 9 };
const counts = { train: part, validation: part, test: part };

/** An installation of files and SQLite: two trainings, the first of which is in MLflow, both deployed. */
describe('the lineage of', () => {
  let folder: string;
  let database: Database;
  let predictions: Predictions;
  let trace: Trace;
  let first: Bundle;
  let second: Bundle;
  const places = () => ({
    bundles: join(folder, 'bundles'),
    deployments: join(folder, 'deployments.json'),
    tracking: join(folder, 'tracking'),
    versions: join(folder, 'dvc'),
  });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lineage-'));
    database = await openDatabase({ file: join(folder, 'etiquette.db') });
    predictions = createPredictions(database);
    const page = (workflowId: string, runId: string) => `http://temporal/${workflowId}/${runId}`;
    trace = createTrace(lineageSources(places(), { predictions, page }));
    first = await train('run-1', 0.6);
    second = await train('run-2', 0.7);

    const outbox = await openOutbox(places().tracking, ids('run-1'));
    await outbox.append({
      say: 'params',
      params: { catalogue: '/the/catalogue', 'catalogue.hash': CATALOGUE },
    });
    await outbox.append({
      say: 'tags',
      tags: {
        'etiquette.dataset_version': DATASET,
        'etiquette.outcome': 'deployed',
        'etiquette.reason': 'better',
      },
    });
    await outbox.append({ say: 'bundle', version: first.version, tags: {} });
    const url = `http://mlflow/${MLFLOW}`;
    const sent = { server: 'http://mlflow', experiment: '1', run: MLFLOW, url, modelVersion: '4' };
    await outbox.markSent({ ...sent, missing: [], at: '2026-01-01T00:00:00.000Z' });

    const record = {
      format: 1,
      at: '2026-01-01T00:00:00.000Z',
      workflowId: 'train',
      runId: 'run-1',
    } as const;
    const output = {
      path: 'images',
      bytes: 7,
      files: 2,
      md5: `${'1'.repeat(32)}.dir`,
      sha256: '2'.repeat(64),
    };
    const rest = { ...record, outputs: [output], pushes: [{ remote: 's3://bucket', at: record.at }] };
    const versions = join(places().versions, 'versions');
    const from = { catalogueHash: CATALOGUE, datasetVersion: null, bundle: null };
    await writeRecord(versions, { ...rest, version: DATASET, kind: 'dataset', from });
    await writeRecord(versions, {
      ...{ ...rest, version: first.version, kind: 'bundle' },
      from: { ...from, datasetVersion: DATASET },
    });
    await writeRecord(versions, {
      ...{ ...rest, version: BATCH, kind: 'predictions', runId: 'run-9' },
      from: { ...from, bundle: first.version },
    });
    for (const [place, { version }] of [first, second].entries()) {
      const deployment = { version, by: 'Ada', reason: 'better', kind: 'deployment' } as const;
      await recordDeployment(places().deployments, {
        ...deployment,
        at: `2026-01-0${place + 1}T00:00:00.000Z`,
      });
    }
    for (const [id, day] of [
      [PREDICTION, 3],
      ['another', 4],
    ] as const) {
      const at = `2026-01-0${day}T00:00:00.000Z`;
      await predictions.record({
        ...{ id, at, bundle: first.version, code: 2583, confidence: 0.75 },
        ...{ inputs_hash: 'a hash', features: null, codes: '[[2583,0.75]]', seconds: 0.1 },
      });
    }
  });
  after(async () => {
    await database?.destroy();
    await rm(folder, { recursive: true });
  });

  const ids = (runId: string) => ({ workflowId: 'train', runId, startedAt: Date.UTC(2026, 0, 1) });

  async function train(runId: string, textWeight: number): Promise<Bundle> {
    const parts = join(folder, `parts-${runId}`);
    for (const name of ['text', 'image']) {
      await mkdir(join(parts, name), { recursive: true });
      await writeFile(join(parts, name, 'weights'), name);
    }
    const [text, image] = [join(parts, 'text'), join(parts, 'image')];
    return writeBundle(places().bundles, {
      family: 'lstm-vgg16',
      text: { recipe: 'lstm', parameters: { words: 4000 }, directory: text },
      image: { recipe: 'vgg16', parameters: { size: 32 }, directory: image },
      encoders: { image: { name: 'vgg16', sha256: 'a'.repeat(64), source: 'a test' }, text: null },
      fusion: { kind: 'convex', textWeight, temperature: 1, textTemperature: 1, imageTemperature: 1 },
      lineage: {
        datasetVersion: DATASET,
        catalogueHash: CATALOGUE,
        seed: 42,
        codeHash: 'x-y',
        split,
        counts,
      },
      metrics: null,
      golden: [],
      texts: {},
      madeBy: {
        ...{ at: '2026-01-01T00:00:00.000Z', workflowId: 'train', runId, etiquette: '0.1.0' },
        ...{ revision: '0123abc', source: '/the/catalogue' },
      },
    });
  }

  /** The first training's whole lineage, whatever it was asked by. */
  function assertFirst(lineage: Lineage): void {
    const [bundle, ...others] = lineage.bundles;
    assert.deepEqual(others, []);
    assert.equal(bundle?.version, first.version);
    assert.equal(bundle.stored, true);
    assert.equal(bundle.made?.family, 'lstm-vgg16');
    assert.equal(bundle.made.madeBy.revision, '0123abc');
    assert.deepEqual(bundle.predictions, {
      ...{ count: 2, first: '2026-01-03T00:00:00.000Z', last: '2026-01-04T00:00:00.000Z' },
    });
    const [served] = bundle.served;
    assert.deepEqual(
      [served?.from, served?.to, served?.before, served?.after, served?.by],
      ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', null, second.version, 'Ada'],
    );
    assert.equal(bundle.kept?.files[0]?.pointer, `versions/${first.version}/images.dvc`);
    assert.deepEqual(bundle.batches, [BATCH]);
    assert.deepEqual(
      lineage.runs.map(({ runId, url, outcome, mlflow }) => ({ runId, url, outcome, mlflow })),
      [
        {
          ...{ runId: 'run-1', url: 'http://temporal/train/run-1', outcome: 'deployed' },
          mlflow: { run: MLFLOW, url: `http://mlflow/${MLFLOW}`, modelVersion: '4' },
        },
      ],
    );
    const [dataset] = lineage.datasets;
    assert.deepEqual(
      [dataset?.version, dataset?.catalogueHash, dataset?.sources, dataset?.seed],
      [DATASET, CATALOGUE, ['/the/catalogue'], 42],
    );
    assert.deepEqual([dataset?.split, dataset?.counts], [split, counts]);
    assert.equal(dataset?.kept?.files[0]?.md5, `${'1'.repeat(32)}.dir`);
    assert.deepEqual(dataset?.kept?.pushes[0]?.remote, 's3://bucket');
  }

  for (const [kind, id] of [
    ['prediction', () => PREDICTION],
    ['bundle', () => first.version],
    ['batch', () => BATCH],
    ['run', () => 'run-1'],
    ['mlflow', () => MLFLOW],
  ] as const) {
    it(`a ${kind} goes all the way, forth and back`, async () => {
      const lineage = await trace(id());
      assert.equal(lineage.kind, kind);
      const { code, confidence } = { code: 2583, confidence: 0.75 };
      const at = '2026-01-03T00:00:00.000Z';
      const answer = { id: PREDICTION, at, bundle: first.version, code, confidence };
      assert.deepEqual(lineage.prediction, kind === 'prediction' ? answer : null);
      assertFirst(lineage);
    });
  }

  it('a dataset leads to every bundle and run that was made of it', async () => {
    const { kind, bundles, runs, datasets } = await trace(DATASET);
    assert.equal(kind, 'dataset');
    assert.deepEqual(bundles.map(({ version }) => version).sort(), [first.version, second.version].sort());
    assert.deepEqual(runs.map(({ runId }) => runId).sort(), ['run-1', 'run-2']);
    assert.deepEqual(
      datasets.map(({ version }) => version),
      [DATASET],
    );
  });

  it('a run that MLflow was not told of is known by the bundle it made', async () => {
    const { kind, bundles, runs } = await trace('run-2');
    assert.equal(kind, 'run');
    assert.deepEqual(
      bundles.map(({ version }) => version),
      [second.version],
    );
    assert.deepEqual([runs[0]?.runId, runs[0]?.mlflow, runs[0]?.revision], ['run-2', null, '0123abc']);
  });

  it('a bundle that was pruned is told from what was kept of it', async () => {
    const { bundles } = places();
    await mkdir(prunedFolder(bundles));
    await rename(join(bundles, second.version), join(prunedFolder(bundles), second.version));
    const [bundle] = (await trace(second.version)).bundles;
    assert.deepEqual([bundle?.stored, bundle?.made?.fusion.textWeight], [false, 0.7]);
    assert.equal(bundle?.served.length, 1);
  });

  it('an unknown id, or a part of one, is refused with what would do', async () => {
    for (const id of ['nothing', PREDICTION.slice(1), first.version.slice(0, 8), '']) {
      await assert.rejects(trace(id), { code: 'LINEAGE_UNKNOWN', message: /prediction.*bundle.*dataset/ });
    }
  });

  it('anything reads as a tree', async () => {
    const tree = lineageTree(await trace(PREDICTION));
    for (const words of [
      `Prediction ${PREDICTION}`,
      `\n  bundle ${first.version}`,
      'run run-1 of train',
      `MLflow run ${MLFLOW}, model version 4`,
      'served from 2026-01-01T00:00:00.000Z to 2026-01-02T00:00:00.000Z: deployment by Ada: better',
      '2 predictions on record',
      `\n  dataset ${DATASET}`,
      `versions/${DATASET}/images.dvc  ${'1'.repeat(32)}.dir  7 bytes`,
    ]) {
      assert.ok(tree.includes(words), `${words} is not in\n${tree}`);
    }
    assert.doesNotMatch(tree, /undefined|\[object|null/);
  });
});
