import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMlflow, type Mlflow } from '../../models/tracking/client.ts';
import { unsentOutboxes } from '../../models/tracking/outbox.ts';
import { TRACK_WORKFLOW_ID, type TrainAndDeployResult } from '../../temporal/contracts.ts';
import { type LoginProxy, proxyTo, realMlflow } from '../support/mlflow.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { giveEncoders, SMALL, trainingMaterials, until } from '../support/training.ts';

const LOGIN = { username: 'tester', password: 'correct horse' };

interface Run {
  info: { run_id: string; status: string };
  data: { params: Pair[]; tags: Pair[]; metrics: { key: string }[] };
}
interface Pair {
  key: string;
  value: string;
}

/** Real workers, a real training, a real MLflow server that is away when it begins. */
describe('a training run in MLflow', function () {
  this.timeout(180_000);
  let folder: string;
  let proxy: LoginProxy;
  let mlflow: Mlflow;
  let stack: Stack;

  before(async function () {
    const server = await realMlflow();
    if (!server) skip(this, 'no MLflow: run "npm run setup"');
    folder = await mkdtemp(join(tmpdir(), 'etiquette-track-'));
    proxy = await proxyTo(server.port, LOGIN);
    mlflow = createMlflow({ uri: proxy.uri, ...LOGIN });
    stack = await startStack(folder, [], {
      MLFLOW: 'on',
      MLFLOW_TRACKING_URI: proxy.uri,
      MLFLOW_TRACKING_USERNAME: LOGIN.username,
      MLFLOW_TRACKING_PASSWORD: LOGIN.password,
      MLFLOW_EXPERIMENT_NAME: `Test-${Date.now()}`,
    });
    await giveEncoders(stack.env.VAR_DIR ?? '');
    await Promise.all((['pipeline', 'training', 'api'] as const).map((entry) => stack.start(entry)));
  });
  after(async () => {
    await stack?.close();
    await proxy?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const outboxes = () => join(stack.env.VAR_DIR ?? '', 'tracking');
  const allSent = () => until(async () => (await unsentOutboxes(outboxes())).length === 0, 'an empty outbox');

  async function train(): Promise<TrainAndDeployResult & { runId: string }> {
    const { catalogue } = await trainingMaterials();
    const run = await stack.client.workflow.start('trainAndDeploy', {
      workflowId: 'train-and-deploy',
      taskQueue: stack.queue,
      args: [{ ...SMALL, catalogue }],
    });
    return { ...(await run.result()), runId: run.firstExecutionRunId };
  }

  async function runOf(runId: string): Promise<Run[]> {
    const { experiment } = await mlflow.read<{ experiment: { experiment_id: string } }>(
      'experiments/get-by-name',
      { experiment_name: stack.env.MLFLOW_EXPERIMENT_NAME ?? '' },
    );
    const filter = `tags."etiquette.temporal_run_id" = '${runId}'`;
    const body = { experiment_ids: [experiment.experiment_id], filter };
    return (await mlflow.search<{ runs?: Run[] }>('runs/search', body)).runs ?? [];
  }
  const textsOf = (pairs: Pair[]) => Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
  async function filesIn(run: string, path: string): Promise<string[]> {
    const page = await mlflow.read<{ files?: { path: string }[] }>('artifacts/list', {
      run_id: run,
      ...(path === '' ? {} : { path }),
    });
    return (page.files ?? []).map((file) => file.path);
  }

  it('is deployed without MLflow, says what is the matter, and is sent whole when the server is back', async () => {
    proxy.down = true;
    const result = await train();
    assert.equal(result.outcome, 'deployed');
    assert.match(result.mlflow?.problem ?? '', /^MLFLOW_UNREACHABLE: /);

    proxy.down = false;
    await allSent();
    const [run, ...others] = await runOf(result.runId);
    assert.ok(run);
    assert.deepEqual(others, []);
    assert.equal(run.info.status, 'FINISHED');

    const params = textsOf(run.data.params);
    assert.equal(params.family, 'lstm-vgg16');
    assert.equal(params.seed, '42');
    assert.equal(params['text.epochs'], '4');
    assert.equal(params['image.size'], '32');
    assert.equal(params['dataset.version'], result.datasetVersion);

    const tags = textsOf(run.data.tags);
    assert.equal(tags.source, 'temporal');
    assert.equal(tags.model_type, 'VGG16+LSTM');
    assert.match(tags.version ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.equal(tags['etiquette.bundle'], result.bundle);
    assert.equal(tags['etiquette.outcome'], 'deployed');
    assert.equal(tags['etiquette.gate'], 'passed');
    assert.match(tags['etiquette.temporal_url'] ?? '', new RegExp(`train-and-deploy/${result.runId}`));

    const history = await mlflow.read<{ metrics: { step: number }[] }>('metrics/get-history', {
      run_id: run.info.run_id,
      metric_key: 'text/loss',
    });
    assert.deepEqual(
      history.metrics.map(({ step }) => step),
      [1, 2, 3, 4],
    );
    const keys = run.data.metrics.map(({ key }) => key);
    for (const key of [
      'image/validationLoss',
      'test/fused/weightedF1',
      'test/ece',
      'fusion/textWeight',
      'seconds/text',
    ]) {
      assert.ok(keys.includes(key), `${key} is among the metrics`);
    }

    const files = await filesIn(run.info.run_id, '');
    for (const file of [
      'tokenizer_config.json',
      'mapper.json',
      'best_weights.json',
      'bundle',
      'evaluation',
    ]) {
      assert.ok(files.includes(file), `${file} is among the artifacts`);
    }
    const pictures = await filesIn(run.info.run_id, 'evaluation');
    assert.ok(pictures.includes('evaluation/confusion-matrix.png'));
    assert.ok((await filesIn(run.info.run_id, 'bundle')).includes('bundle/bundle.json'));

    const { model_version: champion } = await mlflow.read<{
      model_version: { run_id: string; tags: Pair[] };
    }>('registered-models/alias', { name: stack.env.MLFLOW_EXPERIMENT_NAME ?? '', alias: 'champion' });
    assert.equal(champion.run_id, run.info.run_id);
    assert.equal(textsOf(champion.tags)['etiquette.bundle'], result.bundle);
  });

  it('is linked from its Temporal run, and shows what an earlier run had done', async () => {
    const result = await train();
    await allSent();
    const [run] = await runOf(result.runId);
    assert.ok(run);
    assert.equal(result.mlflow?.run, run.info.run_id);
    const { searchAttributes } = await stack.client.workflow
      .getHandle('train-and-deploy', result.runId)
      .describe();
    assert.deepEqual(searchAttributes.EtiquetteMlflowRun, [run.info.run_id]);
    assert.equal(textsOf(run.data.tags)['etiquette.reused.text'], 'true');
    assert.ok(run.data.metrics.some(({ key }) => key === 'text/loss'));
  });

  it('leaves a sender that ends by itself', async () => {
    const { status } = await until(async () => {
      const description = await stack.client.workflow.getHandle(TRACK_WORKFLOW_ID).describe();
      return description.status.name !== 'RUNNING' && description;
    }, 'the end of the sender');
    assert.equal(status.name, 'COMPLETED');
  });
});
