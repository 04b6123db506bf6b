import { strict as assert } from 'node:assert';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { temporalCli } from '../../cli/setup/tools.mjs';
import type { EpochEvent } from '../../models/training/epoch-audit.ts';
import type { TrainAndDeployResult } from '../../temporal/contracts.ts';
import type { TrainAndDeployInput } from '../../temporal/inputs.ts';
import { serveFiles } from '../support/file-server.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { epochsOf, giveEncoders, SMALL, trainingMaterials, until } from '../support/training.ts';
import { zipCatalogue } from '../support/zip-catalogue.ts';

/** Each test kills one process with SIGKILL at one place, and compares with a run that nothing disturbed. */
describe('a training run in which a process is killed', function () {
  this.timeout(180_000);
  let root: string;
  let catalogue: string;
  let undisturbed: TrainAndDeployResult;
  let stack: Stack | undefined;
  let number = 0;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    root = await mkdtemp(join(tmpdir(), 'etiquette-kill-'));
    ({ catalogue } = await trainingMaterials());
    const { run } = await begin();
    undisturbed = await run.result();
    assert.equal(undisturbed.outcome, 'waiting');
    await stack?.close();
  });
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });
  after(async () => {
    await rm(root, { recursive: true, force: true });
  });

  async function begin(input: TrainAndDeployInput = { catalogue }) {
    const directory = join(root, `${number++}`);
    await giveEncoders(join(directory, 'var'));
    stack = await startStack(directory, ['pipeline', 'training']);
    const run: WorkflowHandle<(given: TrainAndDeployInput) => Promise<TrainAndDeployResult>> =
      await stack.client.workflow.start('trainAndDeploy', {
        workflowId: 'train-and-deploy',
        taskQueue: stack.queue,
        args: [{ ...SMALL, ...input, deploy: false }],
      });
    return { stack, run, varDirectory: join(directory, 'var') };
  }

  /** Waits until epoch 2 is finished and epoch 3 begun. */
  const inEpoch3 = (varDirectory: string, stage: 'text' | 'image') =>
    until(async () => {
      const events = await epochsOf(varDirectory, stage);
      return events.find(({ event, epoch }) => event === 'start' && epoch === 3);
    }, `epoch 3 of ${stage}`);

  /** Two processes took part, and every epoch was finished once. */
  function assertNoEpochTwice(events: EpochEvent[]): void {
    const finished = events.filter(({ event }) => event === 'end').map(({ epoch }) => epoch);
    assert.deepEqual(finished, [...new Set(finished)], 'an epoch was done twice');
    assert.ok(finished.length >= 3, `only ${finished.length} epochs`);
    assert.equal(new Set(events.map(({ pid }) => pid)).size, 2, 'the kill came too late or too often');
    const started = events.filter(({ event }) => event === 'start').map(({ epoch }) => epoch);
    assert.ok(started.length <= finished.length + 1, `started ${started}, finished ${finished}`);
  }

  /** By the shards' logs: two processes took part, and every row was computed once. */
  async function assertNoPictureTwice(features: string): Promise<void> {
    const logs = (await readdir(features, { recursive: true })).filter((file) => file.endsWith('.log.jsonl'));
    const pids = new Set<number>();
    for (const log of logs) {
      let next = 0;
      for (const line of (await readFile(join(features, log), 'utf8')).split('\n').filter(Boolean)) {
        const { from, to, pid } = JSON.parse(line) as { from: number; to: number; pid: number };
        assert.equal(from, next, `${log} has rows twice or misses some`);
        next = to;
        pids.add(pid);
      }
    }
    assert.equal(pids.size, 2, 'the kill came too late or too often');
  }

  function assertSame(result: TrainAndDeployResult): void {
    assert.equal(result.datasetVersion, undisturbed.datasetVersion);
    assert.equal(result.bundle, undisturbed.bundle);
    assert.deepEqual(result.metrics, undisturbed.metrics);
  }

  for (const stage of ['text', 'image'] as const) {
    it(`goes on after the last finished epoch: training worker, in an epoch of the ${stage} model`, async () => {
      const { stack, run, varDirectory } = await begin();
      await inEpoch3(varDirectory, stage);
      await stack.servers.get('training')?.stop('SIGKILL');
      await stack.start('training');
      assertSame(await run.result());
      assertNoEpochTwice(await epochsOf(varDirectory, stage));
    });
  }

  it('goes on after the last finished epoch: ML child process', async () => {
    const { run, varDirectory } = await begin();
    const { pid } = await inEpoch3(varDirectory, 'text');
    process.kill(pid, 'SIGKILL');
    assertSame(await run.result());
    assertNoEpochTwice(await epochsOf(varDirectory, 'text'));
  });

  it('goes on elsewhere when its worker is asked to stop, as for an upgrade', async () => {
    // Long enough not to be over within the moment of grace that a stopping worker has.
    const text = { ...SMALL.text, epochs: 40, patience: 40 };
    const { stack, run, varDirectory } = await begin({ catalogue, text });
    await inEpoch3(varDirectory, 'text');
    await stack.servers.get('training')?.stop('SIGTERM');
    await stack.start('training');
    const { outcome } = await run.result();
    assert.equal(outcome, 'waiting');
    assertNoEpochTwice(await epochsOf(varDirectory, 'text'));
  });

  it('computes no feature twice: training worker, in a shard', async () => {
    const { stack, run, varDirectory } = await begin();
    const features = join(varDirectory, 'features');
    const listing = () => readdir(features, { recursive: true }).catch(() => [] as string[]);
    await until(async () => {
      const files = await listing();
      return (
        files.some((file) => file.endsWith('.partial')) && files.some((file) => file.endsWith('.safetensors'))
      );
    }, 'a finished shard and one under way');
    await stack.servers.get('training')?.stop('SIGKILL');
    await stack.start('training');
    assertSame(await run.result());
    await assertNoPictureTwice(features);
  });

  it('downloads no byte twice: pipeline worker, in the download of the pictures', async () => {
    const site = join(root, 'site');
    const archive = await zipCatalogue(catalogue, site);
    const server = await serveFiles({ directory: site, bytesPerSecond: archive.bytes / 4 });
    try {
      const { stack, run } = await begin({ catalogue: server.url });
      await until(() => server.served(`/${archive.name}`) > archive.bytes / 4, 'a quarter of the archive');
      await stack.servers.get('pipeline')?.stop('SIGKILL');
      await stack.start('pipeline');
      assertSame(await run.result());
      const requests = server.requests.filter(
        ({ path, method }) => path.endsWith('.zip') && method === 'GET',
      );
      assert.equal(requests.length, 2);
      assert.match(requests[1]?.range ?? '', /^bytes=[1-9]\d*-$/);
      const twice = server.served(`/${archive.name}`) - archive.bytes;
      assert.ok(twice < archive.bytes / 10, `${twice} of ${archive.bytes} bytes were served twice`);
    } finally {
      await server.close();
    }
  });

  it('loses nothing: Temporal server, in an epoch', async () => {
    const { stack, run, varDirectory } = await begin();
    await inEpoch3(varDirectory, 'text');
    await stack.temporal.stop('SIGKILL');
    await stack.restartTemporal();
    assertSame(await run.result());
  });
});
