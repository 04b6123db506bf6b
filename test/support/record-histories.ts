/**
 * Records test/fixtures/histories from real runs: `node --import tsx test/support/record-histories.ts 0.1.0`.
 * Do so once for each change of a workflow that is deployed, and keep the old ones: replay.test.ts shows that
 * runs which began on old code can be finished by the new one.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { PROJECT } from '../../config.ts';
import { DEPLOY_WORKFLOW_ID } from '../../temporal/contracts.ts';
import { startStack } from './stack.ts';
import { makeTrainingMaterials, SMALL } from './training.ts';
import { blackPictures, recordAnswers, referenceText, serves, watchedBundle } from './watched.ts';
import { receiveWebhooks, SECRET } from './webhook-receiver.ts';

const release = process.argv[2];
if (!release) throw new Error('Name the release: record-histories.ts 0.1.0');
const directory = await mkdtemp(join(tmpdir(), 'etiquette-record-'));
const { catalogue } = await makeTrainingMaterials(directory);
const receiver = await receiveWebhooks();
const stack = await startStack(join(directory, 'stack'), ['pipeline', 'training', 'api'], {
  ...{ DVC: 'on', NOTIFY_URL: receiver.url, NOTIFY_SECRET: SECRET },
});
try {
  for (const [type, input] of [
    ['trainAndDeploy', { ...SMALL, catalogue }],
    ['predictCatalogue', { catalogue, out: join(directory, 'predictions.csv'), shardSize: 3 }],
  ] as const) {
    const run = await stack.client.workflow.start(type, {
      workflowId: type,
      taskQueue: stack.queue,
      args: [input],
    });
    await run.result();
    await keep(type, run);
  }
  // The training's own deployment.
  await keep('deployModel', stack.client.workflow.getHandle(DEPLOY_WORKFLOW_ID));
  const [told] = await receiver.got(1);
  await keep('notify', stack.client.workflow.getHandle(`notify-${told?.id}`));
  await watchChangedStream();
} finally {
  await stack.close();
  await receiver.close();
  await rm(directory, { recursive: true, force: true });
}

/** A check that starts a training, of a catalogue that is not there. */
async function watchChangedStream(): Promise<void> {
  const { VAR_DIR = '' } = stack.env;
  const source = { reference: referenceText(), source: join(directory, 'no-such-catalogue') };
  const bundle = await watchedBundle(join(VAR_DIR, 'bundles'), source);
  await serves(VAR_DIR, bundle);
  await recordAnswers(VAR_DIR, bundle, blackPictures(200, 7));
  const { workflow } = stack.client;
  const run = await workflow.start('watchDrift', { workflowId: 'watchDrift', taskQueue: stack.queue });
  await run.result();
  await keep('watchDrift', run);
}

async function keep(type: string, run: WorkflowHandle): Promise<void> {
  const history: unknown = JSON.parse(historyToJSON(await run.fetchHistory()));
  const file = new URL(`../fixtures/histories/${type}-${release}.json`, import.meta.url);
  await writeFile(file, `${JSON.stringify(anonymous(history), null, 1)}\n`);
}

/** Who ran it, as process@host, and where, is nobody's business and no part of a replay. */
function anonymous(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(anonymous);
  if (typeof value === 'string')
    return value.replaceAll(/\d+@[\w.-]+/g, 'recorder').replaceAll(PROJECT, '/etiquette/');
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, anonymous(inner)]));
}
