import { strict as assert } from 'node:assert';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChampionAgain } from '../../activities/champion-again.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { recordDeployment } from '../../models/bundle/deployments.ts';
import type { Bundle } from '../../models/bundle/format.ts';
import { writeBundle } from '../../models/bundle/write.ts';
import { trainAndDeployInput } from '../../temporal/inputs.ts';

describe('the activity championAgain', () => {
  let folder: string;
  let config: Record<'bundles' | 'deployments', string>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etiquette-again-'));
    config = { bundles: join(folder, 'bundles'), deployments: join(folder, 'deployments.json') };
  });
  afterEach(() => rm(folder, { recursive: true }));

  const again = () => createChampionAgain({ config } as unknown as ActivityDeps)();

  async function deploy(known: Pick<Bundle, 'lineage'> & { source?: string }): Promise<void> {
    const { source, lineage } = known;
    const parts = join(folder, 'parts');
    await mkdir(parts, { recursive: true });
    const { version } = await writeBundle(config.bundles, {
      family: 'lstm-vgg16',
      text: { recipe: 'lstm', parameters: { epochs: 3 }, directory: parts },
      image: { recipe: 'vgg16', parameters: { size: 64 }, directory: parts },
      encoders: { image: { name: 'vgg16', sha256: 'a'.repeat(64), source: 'a test' }, text: null },
      fusion: { kind: 'convex', textWeight: 1, temperature: 1, textTemperature: 1, imageTemperature: 1 },
      ...{ lineage, metrics: null, golden: [], texts: { 'evaluation.json': '{}' } },
      madeBy: {
        ...{ at: '2026-01-01T00:00:00.000Z', workflowId: null, runId: null, etiquette: '0.1.0' },
        ...(source === undefined ? {} : { source }),
      },
    });
    const deployment = { by: 'a test', reason: 'a test', kind: 'deployment' } as const;
    await recordDeployment(config.deployments, { version, at: '2026-01-01T00:00:00.000Z', ...deployment });
  }

  it('asks for what the champion was trained with, which a training takes as it is', async () => {
    const split = { trainPerCode: 50, validationPerCode: 5 };
    const lineage = { datasetVersion: 'd', catalogueHash: 'c', seed: 7, codeHash: 'x', split };
    await deploy({ lineage, source: '/data/rakuten' });
    const { input } = await again();
    assert.deepEqual(input, {
      catalogue: '/data/rakuten',
      family: 'lstm-vgg16',
      seed: 7,
      text: { epochs: 3 },
      image: { size: 64 },
      split,
    });
    assert.equal(trainAndDeployInput.parse(input).deploy, true);
  });

  it('says why there is nothing to train again', async () => {
    assert.match((await again()).reason ?? '', /^Nothing was ever deployed/);
    await deploy({ lineage: null });
    const { input, reason } = await again();
    assert.equal(input, null);
    assert.match(reason ?? '', /not known what the champion [0-9a-f]{16} was trained on/);
  });
});
