import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMlflow, type Mlflow } from '../../../models/tracking/client.ts';
import { type Outbox, openOutbox, unsentOutboxes } from '../../../models/tracking/outbox.ts';
import { createSender } from '../../../models/tracking/send.ts';
import { type LoginProxy, proxyTo, realMlflow } from '../../support/mlflow.ts';
import { skip } from '../../support/skip.ts';

const LOGIN = { username: 'tester', password: 'correct horse' };
const ONE_TRY = { attempts: 1, firstDelay: 1, mostDelay: 1 };

/** A real MLflow server behind a login. */
describe('sending to MLflow', function () {
  this.timeout(120_000);
  let proxy: LoginProxy;
  let mlflow: Mlflow;
  let root: string;
  let experiment: string;
  let runs = 0;

  before(async function () {
    const server = await realMlflow();
    if (!server) skip(this, 'no MLflow: run "npm run setup"');
    proxy = await proxyTo(server.port, LOGIN);
    mlflow = createMlflow({ uri: proxy.uri, ...LOGIN, retry: ONE_TRY });
  });
  after(() => proxy?.close());
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'etiquette-outbox-'));
    experiment = `experiment-${Date.now()}-${runs}`;
    await writeFile(join(root, 'report.md'), '# A report\n');
    await writeFile(join(root, 'bundle.json'), '{}');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const outboxes = () => join(root, 'outboxes');
  const sender = (client = mlflow) => createSender({ mlflow: client, experiment });

  async function finishedRun(bundle = 'b1', outcome = 'deployed'): Promise<Outbox> {
    const startedAt = 1_700_000_000_000 + ++runs;
    const outbox = await openOutbox(outboxes(), {
      workflowId: 'train',
      runId: `run-${startedAt}`,
      startedAt,
    });
    await outbox.append({ say: 'tags', tags: { source: 'temporal' } });
    await outbox.append({ say: 'params', params: { seed: 42, 'text.sizes': [1, 2] } });
    await outbox.append({ say: 'metrics', step: 1, metrics: { 'text/loss': 3, 'text/broken': Number.NaN } });
    await outbox.append({ say: 'metrics', step: 2, metrics: { 'text/loss': 2 } });
    await outbox.append({ say: 'dataset', name: 'catalogue', digest: 'd1', source: '/catalogue' });
    await outbox.append({ say: 'artifacts', from: root, to: 'evaluation', files: ['report.md', 'gone.png'] });
    await outbox.append({ say: 'artifacts', from: root, to: 'bundle', files: ['bundle.json'] });
    await outbox.append({ say: 'bundle', version: bundle, tags: { weightedF1: '0.9' } });
    await outbox.append({ say: 'tags', tags: { 'etiquette.outcome': outcome } });
    await outbox.append({ say: 'end', status: 'FINISHED', endedAt: startedAt + 60_000 });
    return outbox;
  }

  interface Run {
    info: { run_id: string; run_name: string; status: string; start_time: number; end_time: number };
    data: Record<'params' | 'tags', { key: string; value: string }[]>;
    inputs: { dataset_inputs: { dataset: { digest: string } }[] };
  }

  async function runsThere(): Promise<Run[]> {
    const found = await mlflow.read<{ experiment: { experiment_id: string } }>('experiments/get-by-name', {
      experiment_name: experiment,
    });
    const body = { experiment_ids: [found.experiment.experiment_id] };
    return (await mlflow.search<{ runs?: Run[] }>('runs/search', body)).runs ?? [];
  }
  async function history(run: string, key: string) {
    const page = await mlflow.read<{ metrics: { step?: number; value: number }[] }>('metrics/get-history', {
      run_id: run,
      metric_key: key,
    });
    return page.metrics.map(({ step, value }) => [step ?? 0, value]);
  }
  async function artifacts(run: string, path: string) {
    const page = await mlflow.read<{ files?: { path: string }[] }>('artifacts/list', { run_id: run, path });
    return (page.files ?? []).map((file) => file.path);
  }
  async function versionsThere() {
    const page = await mlflow.read<{
      model_versions?: { version: string; source: string; run_id?: string; aliases?: string[] }[];
    }>('model-versions/search', { filter: `name = '${experiment}'` });
    return page.model_versions ?? [];
  }
  async function aliasOf(alias: string): Promise<string | null> {
    const query = { name: experiment, alias };
    return mlflow
      .read<{ model_version: { version: string } }>('registered-models/alias', query)
      .then(({ model_version }) => `${model_version.version}`)
      .catch((error) => (error.code === 'MLFLOW_NOT_FOUND' ? null : Promise.reject(error)));
  }

  /** Everything is there, and nothing twice. */
  async function assertWhole(): Promise<string> {
    const there = await runsThere();
    assert.equal(there.length, 1);
    const [{ info, data, inputs }] = there as [Run];
    assert.equal(info.run_name, 'Train_Concatenate_Model');
    assert.equal(info.status, 'FINISHED');
    assert.equal(Number(info.end_time) - Number(info.start_time), 60_000);
    const params = Object.fromEntries(data.params.map(({ key, value }) => [key, value]));
    assert.deepEqual(params, { seed: '42', 'text.sizes': '[1,2]' });
    assert.deepEqual(await history(info.run_id, 'text/loss'), [
      [1, 3],
      [2, 2],
    ]);
    assert.deepEqual(
      inputs.dataset_inputs.map(({ dataset }) => dataset.digest),
      ['d1'],
    );
    assert.deepEqual(await artifacts(info.run_id, 'evaluation'), ['evaluation/report.md']);
    const versions = await versionsThere();
    assert.equal(versions.length, 1);
    assert.equal(versions[0]?.run_id, info.run_id);
    assert.deepEqual(await unsentOutboxes(outboxes()), []);
    return info.run_id;
  }

  it('gives one run with all that was said, and says where it is', async () => {
    const link = await sender().send(await finishedRun(), null);
    assert.equal(await assertWhole(), link.run);
    assert.match(link.url, new RegExp(`^${proxy.uri}/#/experiments/\\d+/runs/${link.run}$`));
  });

  it('sends nothing again when asked again', async () => {
    const outbox = await finishedRun();
    await sender().send(outbox, null);
    proxy.requests.length = 0;
    await sender().send(outbox, null);
    const changes = proxy.requests.filter((line) => !line.startsWith('GET') && !line.endsWith('/search'));
    assert.deepEqual(changes, []);
    await assertWhole();
  });

  it('shows a run that goes on, epoch by epoch', async () => {
    const run = { workflowId: 'train', runId: `going-${Date.now()}`, startedAt: Date.now() };
    const outbox = await openOutbox(outboxes(), run);
    const sending = sender();
    for (const step of [1, 2, 3]) {
      await outbox.append({ say: 'metrics', step, metrics: { 'text/loss': 1 / step } });
      const link = await sending.send(outbox, null);
      assert.equal((await history(link.run, 'text/loss')).length, step);
    }
    assert.deepEqual(
      (await runsThere()).map(({ info }) => info.status),
      ['RUNNING'],
    );
    assert.equal((await unsentOutboxes(outboxes())).length, 1);
  });

  it('cut off at any change, is finished by the next sender without anything twice', async () => {
    let cuts = 0;
    for (let change = 1; ; change++) {
      experiment = `cut-${Date.now()}`;
      const outbox = await finishedRun(`b-cut-${change}`);
      proxy.cutAfter = change;
      const ended = await sender()
        .send(outbox, null)
        .then(
          () => true,
          (error) => {
            assert.equal(error.code, 'MLFLOW_UNREACHABLE');
            return false;
          },
        );
      proxy.cutAfter = 0;
      if (ended) break;
      cuts++;
      await sender().send(outbox, null);
      await assertWhole();
      await rm(outboxes(), { recursive: true });
    }
    assert.ok(cuts >= 9, `only ${cuts} changes were cut off`);
  });

  it('keeps everything while the server is away', async () => {
    const outbox = await finishedRun();
    proxy.down = true;
    try {
      await assert.rejects(sender().send(outbox, null), { code: 'MLFLOW_UNREACHABLE', retryable: true });
    } finally {
      proxy.down = false;
    }
    assert.equal((await unsentOutboxes(outboxes())).length, 1);
    await sender().send(outbox, null);
    await assertWhole();
  });

  it('says which variables are wrong when the login is, and never shows them', async () => {
    const wrong = createMlflow({ uri: proxy.uri, username: 'tester', password: 'hunter2', retry: ONE_TRY });
    const outbox = await finishedRun();
    await assert.rejects(sender(wrong).send(outbox, null), (error: Error & { code: string }) => {
      assert.equal(error.code, 'MLFLOW_LOGIN_REFUSED');
      assert.match(error.message, /MLFLOW_TRACKING_PASSWORD/);
      assert.doesNotMatch(`${error.message}${error.stack}`, /hunter2/);
      return true;
    });
    await sender().send(outbox, null);
    await assertWhole();
  });

  it('goes on when the server was killed', async () => {
    const server = await realMlflow();
    assert.ok(server);
    const outbox = await finishedRun();
    proxy.cutAfter = 4;
    await assert.rejects(sender().send(outbox, null));
    await server.kill();
    await assert.rejects(sender().send(outbox, null), { code: 'MLFLOW_UNREACHABLE' });
    await server.restart();
    await sender().send(outbox, null);
    await assertWhole();
  });

  it('is not held up by a record that a killed process left half-written', async () => {
    const outbox = await finishedRun();
    await writeFile(join(outbox.directory, 'records.ndjson'), '\n{"say":"met', { flag: 'a' });
    await outbox.append({ say: 'tags', tags: { late: 'yes' } });
    await sender().send(outbox, null);
    await assertWhole();
    const tags = (await runsThere())[0]?.data.tags ?? [];
    assert.ok(tags.some(({ key, value }) => key === 'late' && value === 'yes'));
  });

  describe('the registry', () => {
    it('names the bundle that serves champion, and after a rollback the one before', async () => {
      const sending = sender();
      await sending.send(await finishedRun('first'), 'first');
      await sending.crown('first');
      assert.deepEqual([await aliasOf('champion'), await aliasOf('challenger')], ['1', null]);
      await sending.send(await finishedRun('second'), 'second');
      await sending.crown('second');
      assert.equal(await aliasOf('champion'), '2');
      await sending.crown('first');
      assert.equal(await aliasOf('champion'), '1');
      assert.equal((await versionsThere()).length, 2);
    });

    it('names a bundle challenger for as long as it may come to serve', async () => {
      const sending = sender();
      await sending.send(await finishedRun('serves'), 'serves');
      await sending.crown('serves');
      await sending.send(await finishedRun('waits', 'waiting'), 'serves');
      assert.equal(await aliasOf('challenger'), '2');
      await sending.send(await finishedRun('worse', 'rejected'), 'serves');
      assert.equal(await aliasOf('challenger'), '2');
      await sending.crown('waits');
      assert.deepEqual([await aliasOf('champion'), await aliasOf('challenger')], ['2', null]);
    });

    it('makes no challenger of what once served when it hears of it late', async () => {
      const sending = sender();
      await sending.send(await finishedRun('old', 'deployed'), 'new');
      assert.equal(await aliasOf('challenger'), null);
    });

    it('knows a bundle that two runs made as one version', async () => {
      const sending = sender();
      const first = await sending.send(await finishedRun('same'), null);
      await sending.send(await finishedRun('same'), null);
      const versions = await versionsThere();
      assert.equal(versions.length, 1);
      assert.equal(versions[0]?.run_id, first.run);
    });

    it('takes in a champion that no run made', async () => {
      await sender().crown('imported');
      const [version] = await versionsThere();
      assert.equal(version?.source, 'etiquette:/bundles/imported');
      assert.equal(await aliasOf('champion'), '1');
    });
  });
});
