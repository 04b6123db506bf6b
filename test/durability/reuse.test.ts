import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { TYPE_CODES } from '../../data/type-codes.ts';
import type { TrainAndDeployResult } from '../../temporal/contracts.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { giveEncoders, SMALL, trainingMaterials } from '../support/training.ts';

const NEW_ROWS = 11;

describe('a retraining on a catalogue that has grown by a twentieth', function () {
  this.timeout(180_000);
  let directory: string;
  let catalogue: string;
  let stack: Stack;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-reuse-'));
    catalogue = join(directory, 'catalogue');
    await cp((await trainingMaterials()).catalogue, catalogue, { recursive: true });
    await giveEncoders(join(directory, 'var'));
    stack = await startStack(directory, ['pipeline', 'training']);
  });
  after(async () => {
    await stack?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const train = (): Promise<TrainAndDeployResult> =>
    stack.client.workflow.execute('trainAndDeploy', {
      workflowId: `train-${randomUUID()}`,
      taskQueue: stack.queue,
      args: [{ ...SMALL, catalogue, deploy: false }],
    });

  /** How many pictures the encoder has seen so far, by the shards' own logs. */
  async function encoded(): Promise<number> {
    const features = join(directory, 'var', 'features');
    const logs = (await readdir(features, { recursive: true })).filter((file) => file.endsWith('.log.jsonl'));
    let count = 0;
    for (const log of logs) {
      for (const line of (await readFile(join(features, log), 'utf8')).split('\n').filter(Boolean)) {
        const { from, to } = JSON.parse(line) as { from: number; to: number };
        count += to - from;
      }
    }
    return count;
  }

  /** New products with pictures of their own, at the end of the tables. */
  async function grow(): Promise<void> {
    for (let n = 0; n < NEW_ROWS; n += 1) {
      const [row, image, product, code] = [900_000 + n, 990_000 + n, 880_000 + n, TYPE_CODES[n]];
      await appendFile(
        join(catalogue, 'X_train_update.csv'),
        `${row},Nouveau produit numéro ${n},,${product},${image}\n`,
      );
      await appendFile(join(catalogue, 'Y_train_CVw08PX.csv'), `${row},${code}\n`);
      await sharp({ create: { width: 64, height: 64, channels: 3, background: { r: 20 * n, g: 99, b: 7 } } })
        .jpeg()
        .toFile(join(catalogue, 'images', 'image_train', `image_${image}_product_${product}.jpg`));
    }
  }

  it('computes the features of the new pictures and of no other', async () => {
    const first = await train();
    assert.equal(first.outcome, 'waiting', first.reason);
    const before = await encoded();
    assert.ok(before > 100, `${before} pictures`);
    await grow();
    const second = await train();
    assert.notEqual(second.datasetVersion, first.datasetVersion);
    assert.equal((await encoded()) - before, NEW_ROWS);
    const reused = second.stages.filter((stage) => stage.reused).map(({ name }) => name);
    assert.deepEqual(reused, [], 'every stage has new data to see');
  });
});
