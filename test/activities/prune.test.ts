import { strict as assert } from 'node:assert';
import { access, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createPrune } from '../../activities/prune.ts';
import { once } from '../../activities/stage-store.ts';
import { recordDeployment } from '../../models/bundle/deployments.ts';
import { listBundles } from '../../models/bundle/list.ts';
import { readBundle } from '../../models/bundle/load.ts';
import { writeBundle } from '../../models/bundle/write.ts';
import { openOutbox } from '../../models/tracking/outbox.ts';
import type { PruneResult } from '../../temporal/contracts.ts';
import { quiet } from '../workflows/environment.ts';

const OLD = new Date(Date.now() - 31 * 24 * 3600 * 1000);

describe('the activity prune', () => {
  let folder: string;
  let config: Record<'bundles' | 'stages' | 'corrections' | 'features' | 'deployments' | 'tracking', string>;
  before(quiet);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etiquette-prune-'));
    const place = (name: string) => join(folder, name);
    config = {
      ...{
        bundles: place('bundles'),
        stages: place('stages'),
        corrections: place('corrections'),
        features: place('features'),
      },
      ...{ deployments: place('deployments.json'), tracking: place('tracking') },
    };
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs it as a worker would, in a world where `atWork` are the bundles of running workflows. */
  function prune(
    options: { atWork?: string[]; answered?: string[]; inDvc?: string[]; dryRun?: boolean } = {},
  ): Promise<PruneResult> {
    const { atWork = [], answered = [], inDvc, dryRun = false } = options;
    async function* list() {
      for (const bundle of atWork) yield { searchAttributes: { EtiquetteBundle: [bundle] } };
      yield { searchAttributes: {} };
    }
    const workflow = { list };
    const withAbortSignal = (_signal: AbortSignal, work: () => unknown) => work();
    const client = { workflow, withAbortSignal } as unknown as Client;
    const versions = inDvc && { find: async (version: string) => inDvc.includes(version) || null };
    const deps = {
      config: { ...config, BUNDLES_KEPT: 1, STAGES_DAYS: 30 },
      ...{ log: pino({ level: 'silent' }), answered: async () => answered, versions: versions ?? null },
      tracking: {},
    } as unknown as ActivityDeps;
    return new MockActivityEnvironment({}, { client }).run(createPrune(deps), { dryRun });
  }

  /** Bundles, the oldest first. */
  async function bundles(count: number): Promise<string[]> {
    const versions: string[] = [];
    for (let day = 1; day <= count; day++) {
      const parts = join(folder, 'parts');
      await mkdir(join(parts, 'weights'), { recursive: true });
      const { version } = await writeBundle(config.bundles, {
        family: 'lstm-vgg16',
        text: { recipe: 'lstm', parameters: { day }, directory: parts },
        image: { recipe: 'vgg16', parameters: {}, directory: parts },
        encoders: { image: { name: 'vgg16', sha256: 'a'.repeat(64), source: 'a test' }, text: null },
        fusion: { kind: 'convex', textWeight: 1, temperature: 1, textTemperature: 1, imageTemperature: 1 },
        ...{ lineage: null, metrics: null, golden: [], texts: { 'evaluation.json': '{}' } },
        madeBy: { at: `2026-01-0${day}T00:00:00.000Z`, workflowId: null, runId: null, etiquette: '0.1.0' },
      });
      versions.push(version);
    }
    return versions;
  }
  const stored = async () => (await listBundles(config.bundles)).map(({ version }) => version);
  const outbox = (runId: string) =>
    openOutbox(config.tracking, { workflowId: 'train', runId, startedAt: Date.now() });

  it('removes old bundles whole, and keeps their bundle.json for lineage', async () => {
    const [first = '', second = ''] = await bundles(2);
    const result = await prune();
    assert.deepEqual(result.bundles, [first]);
    assert.deepEqual(result.kept, { [second]: 'one of the 1 newest' });
    assert.ok(result.bytes > 0);
    assert.deepEqual((await readdir(config.bundles)).sort(), ['.pruned', second].sort());
    assert.equal((await readBundle(join(config.bundles, '.pruned', first))).version, first);
  });

  it('keeps what serves, served before, works, answered, or is not sent yet', async () => {
    const all = await bundles(7);
    const [before = '', serves = '', works = '', answered = '', unsent = '', stray = ''] = all;
    for (const version of [before, serves]) {
      const at = new Date().toISOString();
      await recordDeployment(config.deployments, { version, at, by: 'x', reason: 'y', kind: 'deployment' });
    }
    await (await outbox('one')).append({ say: 'bundle', version: unsent, tags: {} });
    const result = await prune({ atWork: [works], answered: [answered] });
    assert.deepEqual(result.bundles, [stray]);
    assert.deepEqual(
      await stored(),
      all.filter((version) => version !== stray),
    );
    assert.deepEqual(result.kept[serves], 'it serves');
    assert.match(result.kept[works] ?? '', /a run works with it or waits/);
    assert.match(result.kept[answered] ?? '', /predictions/);
    assert.match(result.kept[unsent] ?? '', /MLflow/);
  });

  it('removes no bundle that DVC is to have and has not', async () => {
    const [first = '', second = '', third = ''] = await bundles(3);
    assert.deepEqual((await prune({ inDvc: [second] })).bundles, [second]);
    assert.deepEqual(await stored(), [first, third]);
  });

  it('says beforehand what it would remove', async () => {
    const [first] = await bundles(2);
    assert.deepEqual((await prune({ dryRun: true })).bundles, [first]);
    assert.equal((await stored()).length, 2);
  });

  /** A finished stage that nobody has looked at for a month. */
  async function stage(name: string): Promise<string> {
    const work = async (directory: string) => {
      await writeFile(join(directory, 'weights'), 'w');
      return {};
    };
    const { directory } = await once({
      root: config.stages,
      name,
      inputs: {},
      module: 'data/random.ts',
      work,
    });
    for (const path of [join(directory, 'weights'), join(directory, 'result.json'), directory]) {
      await utimes(path, OLD, OLD);
    }
    return directory;
  }
  const exists = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );

  it('removes stages that no run has used for STAGES_DAYS, and the rest of one that was killed', async () => {
    const unused = await stage('unused');
    const used = await stage('used');
    const growing = await stage('growing');
    const told = await stage('told');
    const reused = await once({
      ...{ root: config.stages, name: 'used', inputs: {}, module: 'data/random.ts' },
      work: () => assert.fail('it was done'),
    });
    assert.equal(reused.reused, true);
    await writeFile(join(growing, 'checkpoint'), 'newer');
    await (await outbox('two')).append({ say: 'artifacts', from: told, to: 'x', files: ['weights'] });
    const leftover = join(config.stages, '.removed-text-0123');
    await mkdir(leftover);

    assert.deepEqual((await prune()).stages, [unused]);
    assert.deepEqual(await Promise.all([unused, used, growing, told, leftover].map(exists)), [
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('removes features likewise, file by file', async () => {
    const files = [
      'vgg16-0123/old.safetensors',
      'text-0123/use/old.safetensors',
      'vgg16-0123/new.safetensors',
    ];
    for (const file of files) {
      const path = join(config.features, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'features');
      if (file.includes('old')) await utimes(path, OLD, OLD);
    }
    assert.equal((await prune()).features, 2);
    const left = await Promise.all(files.map((file) => exists(join(config.features, file))));
    assert.deepEqual(left, [false, false, true]);
  });

  it('has nothing to do in a new installation', async () => {
    assert.deepEqual(await prune(), { kept: {}, bundles: [], stages: [], features: 0, bytes: 0 });
  });
});
