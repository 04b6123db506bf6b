import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ApplicationFailure,
  CancelledFailure,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { isTypeCode } from '../../data/type-codes.ts';
import type { RunProgress, TrainAndDeployResult } from '../../temporal/contracts.ts';
import type { TrainAndDeployInput } from '../../temporal/inputs.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { epochsOf, giveEncoders, SMALL, trainingMaterials, until } from '../support/training.ts';
import { quiet, workflowBundle } from '../workflows/environment.ts';

type Run = WorkflowHandle<(input: TrainAndDeployInput) => Promise<TrainAndDeployResult>>;

describe('a training run on a real server', function () {
  this.timeout(180_000);
  let directory: string;
  let catalogue: string;
  let stack: Stack;
  let varDirectory: string;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    quiet();
    directory = await mkdtemp(join(tmpdir(), 'etiquette-control-'));
    varDirectory = join(directory, 'var');
    ({ catalogue } = await trainingMaterials());
    await giveEncoders(varDirectory);
    stack = await startStack(directory, ['pipeline', 'training', 'api']);
  });
  after(async () => {
    await stack?.close();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  const start = (workflowId: string, input: TrainAndDeployInput): Promise<Run> =>
    stack.client.workflow.start('trainAndDeploy', {
      workflowId,
      taskQueue: stack.queue,
      args: [{ ...SMALL, catalogue, ...input }],
    });

  it('stops its child process within 5 seconds when it is cancelled, and goes on from its checkpoint later', async () => {
    const long: TrainAndDeployInput = { text: { ...SMALL.text, epochs: 40, patience: 40 }, deploy: false };
    const run = await start('cancelled', long);
    const { pid } = await until(
      async () => (await epochsOf(varDirectory, 'text')).find(({ epoch }) => epoch === 3),
      'epoch 3',
    );
    const asked = Date.now();
    await run.cancel();
    const error: unknown = await run.result().catch((reason: unknown) => reason);
    assert.ok(error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure, String(error));
    const seconds = (Date.now() - asked) / 1000;
    assert.ok(seconds < 5, `it took ${seconds} s`);

    const before = (await epochsOf(varDirectory, 'text')).length;
    const again = await start('continued', long);
    const next = await until(
      async () => (await epochsOf(varDirectory, 'text')).slice(before).find(({ event }) => event === 'start'),
      'the run that goes on',
    );
    assert.ok(next.epoch >= 3, `it began again with epoch ${next.epoch}`);
    await again.cancel();
    await again.result().catch(() => {});
    assert.ok(pid > 0);
  });

  it('tells how far it is: query, current details, search attributes; deploys; and its history replays', async () => {
    const run = await start('told', {});
    const seen = new Set<string>();
    let furthest = 0;
    let details = '';
    const ended = run.result();
    let going = true;
    const watch = (async () => {
      while (going) {
        const progress = await run.query<RunProgress>('progress').catch(() => null);
        if (progress) {
          assert.ok(progress.fraction >= furthest, 'progress went backwards');
          furthest = progress.fraction;
          seen.add(progress.stage);
          if (progress.epoch !== null) seen.add(`epoch ${progress.epoch}`);
          if (progress.shard) seen.add('shards');
          details ||= await run.query<string>('__temporal_workflow_metadata').then(JSON.stringify, () => '');
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    const result = await ended;
    going = false;
    await watch;
    assert.equal(result.outcome, 'deployed');
    for (const wanted of ['text', 'features', 'shards', 'epoch 2'])
      assert.ok(seen.has(wanted), [...seen].join());
    assert.match(details, /█|░/);
    const { searchAttributes } = await run.describe();
    assert.deepEqual(searchAttributes.EtiquetteFamily, ['lstm-vgg16']);
    assert.deepEqual(searchAttributes.EtiquetteBundle, [result.bundle]);
    assert.deepEqual(searchAttributes.EtiquetteOutcome, ['deployed']);
    const status = await (await fetch(`${stack.apiUrl}/status`)).json();
    assert.equal((status as { bundle: { version: string } }).bundle.version, result.bundle);

    const history = await run.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);
  });

  it('reuses every stage when nothing changed', async () => {
    const run = await start('again', {});
    const result = await run.result();
    assert.deepEqual(
      result.stages.filter(({ reused }) => !reused),
      [],
    );
    const names = result.stages.map(({ name }) => name);
    assert.ok(
      ['fetch', 'gate', 'deploy'].every((name) => names.includes(name as never)),
      names.join(),
    );
    assert.match(result.reason, /already serves/);
  });

  it('predicts a catalogue shard by shard', async () => {
    const out = join(directory, 'predictions.json');
    const predicted = await execute('predictCatalogue', { catalogue, out, shardSize: 3 });
    assert.equal(predicted.rows, 8);
    const codes = Object.values(JSON.parse(await readFile(out, 'utf8')) as Record<string, string>);
    assert.equal(codes.length, 8);
    assert.ok(codes.every((code) => isTypeCode(Number(code))));
  });

  it('gives way to another bundle, and comes back by a rollback', async () => {
    const serving = async () => {
      const status = await (await fetch(`${stack.apiUrl}/status`)).json();
      return (status as { bundle: { version: string } }).bundle.version;
    };
    const first = await serving();
    const run = await start('other', { seed: 43, deploy: false });
    const { bundle: second } = await run.result();
    assert.notEqual(second, first);
    await execute('deployModel', { version: second, reason: 'to see' });
    assert.equal(await serving(), second);
    await execute('deployModel', { rollback: true, reason: 'seen' });
    assert.equal(await serving(), first);
  });

  it('trains and serves the n-gram and EfficientNet family, to the same bundle on the same data', async () => {
    const input: TrainAndDeployInput = { family: 'ngram-efficientnet', text: {}, image: {}, deploy: false };
    const first = await (await start('ngram', input)).result();
    assert.equal(first.outcome, 'waiting', first.reason);
    assert.ok(first.bundle && first.metrics);
    assert.ok(first.metrics.text.weightedF1 > 0.4, `text F1 ${first.metrics.text.weightedF1}`);
    // Nothing is left to reuse but the encoder: the stages are all done again.
    for (const folder of ['stages', 'features']) {
      await rm(join(varDirectory, folder), { recursive: true });
    }
    const again = await (await start('ngram again', input)).result();
    assert.equal(again.bundle, first.bundle);
    const before = ['fetch', 'version'];
    assert.ok(again.stages.every(({ name, reused }) => before.includes(name) || !reused));
    // The API loads it in its inference process and compares its answers to the golden products.
    await execute('deployModel', { version: first.bundle, reason: 'another family' });
    const status = await (await fetch(`${stack.apiUrl}/status`)).json();
    assert.equal((status as { bundle: { family: string } }).bundle.family, 'ngram-efficientnet');
  });

  it('refuses to deploy a bundle that does not exist, and the old one serves on', async () => {
    const error: unknown = await execute('deployModel', { version: '0'.repeat(16) }).catch(
      (why: unknown) => why,
    );
    assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
    assert.equal(error.cause.type, 'BUNDLE_UNKNOWN');
    assert.equal((await fetch(`${stack.apiUrl}/status`)).status, 200);
  });

  const execute = (type: string, input: unknown) =>
    stack.client.workflow.execute(type, { workflowId: randomUUID(), taskQueue: stack.queue, args: [input] });
});
